"""The websocket edge: protoo's envelope, mediasoup-demo's methods. See ``docs/signaling.md``."""
