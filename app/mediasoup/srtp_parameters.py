"""
SRTP keys, by which plain and pipe transports encrypt (RFC 3711, RFC 7714).

Source: mediasoup ``node/src/srtpParametersTypes.ts``, ``worker/fbs/srtpParameters.fbs``.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from .rtp_parameters import Text, Value

SrtpCryptoSuite = Literal[
    "AEAD_AES_256_GCM",
    "AEAD_AES_128_GCM",
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
]


class SrtpParameters(Value, frozen=True):
    """
    How one side encrypts what it sends.

    ``key_base64`` holds the master key and its salt: 44 bytes for AEAD_AES_256_GCM, 28 for AEAD_AES_128_GCM, 30 for
    the others.
    """

    crypto_suite: SrtpCryptoSuite
    key_base64: Text

    def __repr__(self) -> str:
        # Dumps are logged, and keys must not be.
        return f"SrtpParameters(crypto_suite={self.crypto_suite!r})"

    def to_table(self) -> dict[str, Any]:
        """Give the worker's ``FBS.SrtpParameters.SrtpParameters``."""
        return {"crypto_suite": self.crypto_suite.lower(), "key_base64": self.key_base64}

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> SrtpParameters:
        """Read the worker's ``FBS.SrtpParameters.SrtpParameters``."""
        return cls(crypto_suite=cast(SrtpCryptoSuite, table["crypto_suite"].upper()), key_base64=table["key_base64"])
