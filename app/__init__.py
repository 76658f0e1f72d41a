"""Connect: self-hosted video calling on mediasoup's native workers."""

__version__ = "0.1.0"
