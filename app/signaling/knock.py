"""What somebody brings along who wants to come in, read off the request that asks for a websocket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol, Self

from aiohttp import hdrs, web

from app.errors import BadRequest
from app.rtc.admission import Admission, Entry

from .protocol import SUBPROTOCOL

VALID_ID = re.compile(r"[A-Za-z0-9\-_.~@:]{1,64}")
#: A subprotocol that is none: browsers can send no other header with a websocket.
BEARER = "bearer."


class Gate(Protocol):
    """Knows rooms and tokens; in production :class:`app.services.access.Access`."""

    async def admit(self, room_id: str, token: str | None, peer_id: str | None) -> Entry:
        """
        Say who this is, and what the room is like. ``peer_id`` is all that there is of somebody without a token.

        Answers, or raises, within a few seconds.

        :raises Unauthorized: there is no token and one is needed, or it is not good (any more)
        :raises NotAllowed: it is for another room, or its holder may not enter this one
        :raises NotFound: there is no such room
        :raises Unavailable: that can't be found out now
        """


@dataclass(frozen=True, slots=True)
class Knock:
    """
    ``token`` and ``resume`` are secrets. There is a ``peer_id``, a ``token``, or both.

    ``resume``: that of a session, if somebody comes back.
    """

    room_id: str
    peer_id: str | None
    token: str | None
    resume: str | None

    @classmethod
    def of(cls, request: web.Request) -> Self:
        """
        Read ``request``.

        The token is that of the query; else that of the header ``Authorization``; else that of a subprotocol.

        :raises BadRequest: a parameter is missing or wrong
        """
        room_id, peer_id = _id_in(request, "roomId"), None
        token = request.query.get("token") or _token_in_headers(request)
        if "peerId" in request.query or token is None:
            peer_id = _id_in(request, "peerId")
        return cls(room_id, peer_id, token, request.query.get("resume") or None)

    def peer_id_for(self, admission: Admission) -> str:
        """Give the id that the peer is to have: the one it asked for, else its identity."""
        if self.peer_id is not None:
            return self.peer_id
        if VALID_ID.fullmatch(admission.identity) is None:
            raise BadRequest("peerId: needed in the query, since the token's identity can't be one")
        return admission.identity


def _id_in(request: web.Request, name: str) -> str:
    value = request.query.get(name, "")
    if VALID_ID.fullmatch(value) is None:
        raise BadRequest(f"{name}: needed in the query, 1 to 64 letters, digits or any of - _ . ~ @ :")
    return value


def _token_in_headers(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    offered = [each.strip() for each in request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")]
    tokens = [each.removeprefix(BEARER) for each in offered if each.startswith(BEARER)]
    if tokens and SUBPROTOCOL not in offered:
        # The handshake could not choose any; and aiohttp would log what was offered, the token included.
        raise BadRequest(f"the subprotocol {SUBPROTOCOL} is needed beside {BEARER}<token>")
    return tokens[0] if tokens else None
