"""What moderators do to a call from outside of it, as deeds: see :mod:`.deeds`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

from app.errors import NotAllowed, NotFound, Unavailable
from app.mediasoup.errors import InvalidStateError, MediasoupError
from app.rtc.events import Actor
from app.rtc.facts import PeerFact
from app.rtc.peer import Peer
from app.rtc.room import Room

from .deeds import Deed
from .participant import Participant, words_for


class Moderating(Deed, frozen=True):
    """Something that is done in the name of ``actor``."""

    actor: Actor
    is_owner: bool


class List(Deed, frozen=True):
    """List those in the room, and then those in its lobby, each in the order of coming."""

    RESULT: ClassVar[Any] = list[Participant]

    async def do(self, room: Room) -> list[Participant]:
        joined: list[Peer | PeerFact] = [*room.peers, *room.elsewhere.joined]
        waiting: list[Peer | PeerFact] = [*room.lobby, *room.elsewhere.waiting]
        in_order = sorted((Participant.of(peer, room) for peer in joined), key=_joined_at)
        return in_order + [Participant.of(peer, room) for peer in waiting]


class Look(Deed, frozen=True):
    """Look at one."""

    RESULT: ClassVar[Any] = Participant

    peer_id: str

    async def do(self, room: Room) -> Participant:
        return Participant.of(room.look_up(self.peer_id), room)


class Victim(Moderating, frozen=True):
    """Say whose identity somebody has who is to be banned."""

    RESULT: ClassVar[Any] = str

    peer_id: str

    async def do(self, room: Room) -> str:
        return _find(self, room, self.peer_id).identity


class Permit(Moderating, frozen=True):
    """Change some of what a participant may do: fields of Grants."""

    RESULT: ClassVar[Any] = Participant

    peer_id: str
    changes: dict[str, Any]

    async def do(self, room: Room) -> Participant:
        peer = _find(self, room, self.peer_id)
        sources = self.changes.get("can_publish_sources")
        changes = self.changes if sources is None else self.changes | {"can_publish_sources": frozenset(sources)}
        grants = dataclasses.replace(peer.grants, **changes)
        if grants.room_admin != peer.grants.room_admin and not self.is_owner:
            raise NotAllowed("only the owner of the room makes moderators")
        # Who says that somebody stays a moderator does not make one of whom the owner has demoted just now.
        news = [name for name in changes if self.is_owner or name != "room_admin"]
        room.change_grants(self.peer_id, grants, self.actor, changed=news)
        # If it is elsewhere, that part will say so in a moment.
        return dataclasses.replace(Participant.of(room.look_up(self.peer_id), room), permissions=words_for(grants))


class Expel(Moderating, frozen=True):
    """Have a participant leave, who may come again."""

    peer_id: str

    async def do(self, room: Room) -> None:
        room.remove(_find(self, room, self.peer_id).id, self.actor)


class Mute(Moderating, frozen=True):
    """Pause what a participant sends, or allow it to resume."""

    peer_id: str
    producer_id: str
    muted: bool

    async def do(self, room: Room) -> None:
        with _worker_errors():
            await room.mute(self.peer_id, self.producer_id, self.muted, self.actor)


class MuteAll(Moderating, frozen=True):
    """Pause all that can be heard."""

    async def do(self, room: Room) -> None:
        with _worker_errors():
            await room.mute_all(self.actor)


class Send(Deed, frozen=True):
    """Send a message to those with the ids ``to``, or to all who joined; gives how many it went to."""

    RESULT: ClassVar[Any] = int

    payload: str
    topic: str
    to: Collection[str] | None

    async def do(self, room: Room) -> int:
        return room.send_data(self.payload, self.topic, self.to)


class Admit(Moderating, frozen=True):
    """Let one who waits in the lobby join."""

    peer_id: str

    async def do(self, room: Room) -> None:
        room.admit(self.peer_id, self.actor)


class Reject(Moderating, frozen=True):
    """Send one away who waits in the lobby."""

    peer_id: str

    async def do(self, room: Room) -> None:
        room.reject(self.peer_id, self.actor)


AnyOfThem = List | Look | Victim | Permit | Expel | Mute | MuteAll | Send | Admit | Reject


def _joined_at(participant: Participant) -> datetime:
    assert participant.joined_at is not None
    return participant.joined_at


def _find(deed: Moderating, room: Room, peer_id: str) -> Peer | PeerFact:
    """
    Look up one who is not above the moderator.

    :raises NotFound: nobody has this id
    :raises NotAllowed: it is the owner
    """
    peer = room.look_up(peer_id)
    if peer.role == "owner" and not deed.is_owner:
        raise NotAllowed("that is the owner of the room")
    return peer


@contextmanager
def _worker_errors() -> Iterator[None]:
    """Word what went wrong in the worker for callers."""
    try:
        yield
    except InvalidStateError as error:
        raise NotFound("the participant just stopped sending that") from error
    except MediasoupError as error:
        raise Unavailable(f"the worker could not do it: {error}") from error
