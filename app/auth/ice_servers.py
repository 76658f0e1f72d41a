"""
Which STUN and TURN servers a client may use, with credentials of limited life.

Source: "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest), which coturn implements as
``use-auth-secret``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.config import Settings


@dataclass(frozen=True, slots=True)
class IceServer:
    """An ``RTCIceServer``; ``username`` and ``credential`` are a TURN server's only."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class IceServerList:
    """``expires_at``, in seconds since the epoch, its credentials are no longer good; ``None`` when there are none."""

    servers: tuple[IceServer, ...]
    expires_at: int | None


class IceServers:
    """The servers of the settings, for one client at a time."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._now = now

    def for_user(self, user: str) -> IceServerList:
        """
        Give the servers with credentials for ``user``, whose name the TURN server will see and log.

        The name goes into them as 16 characters of a hash: a TURN server need not know who calls.
        """
        servers = [IceServer(self._settings.stun_urls)] if self._settings.stun_urls else []
        if not self._settings.turn_urls:
            return IceServerList(tuple(servers), None)
        expiry = int(self._now()) + self._settings.turn_seconds
        username = f"{expiry}:{hashlib.sha256(user.encode()).hexdigest()[:16]}"
        servers.append(IceServer(self._settings.turn_urls, username, self._sign(username)))
        return IceServerList(tuple(servers), expiry)

    def _sign(self, username: str) -> str:
        # The draft, and so every TURN server, knows SHA-1 only. As an HMAC it is still sound.
        secret = self._settings.turn_secrets[0].encode()
        return base64.b64encode(hmac.digest(secret, username.encode(), "sha1")).decode()
