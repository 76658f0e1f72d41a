"""Who was in which call, from when to when: what happens in rooms, written down."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from app.config import Settings
from app.mediasoup.signal import Signal
from app.rtc.events import Farewell
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.stores.database import Database
from app.stores.types import now

from .history_writes import Call, ParticipantJoined, ParticipantLeft, PeakSeen, SessionEnded, SessionStarted
from .write_behind import WriteBehind


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """A peer that takes part in a call, and the participant that it is in the history."""

    participant_id: uuid.UUID
    peer: Peer
    call: Call


class History:
    """
    Writes down the calls of all rooms that the database knows, unless ``settings.history_days`` is 0.

    Nothing here waits for the database: what it can't take now waits in a bounded queue, ``writes``, which takes other
    writes that must keep their order with these, too. ``on_join`` and ``on_leave`` tell whose presence is written down;
    a call whose room turns out not to be in the database is left out from then on.
    """

    def __init__(self, rooms: RoomManager, database: Database, settings: Settings) -> None:
        self.on_join: Signal[Presence] = Signal()
        self.on_leave: Signal[Presence] = Signal()
        self.writes = WriteBehind(database)
        self._enabled = settings.history_days > 0
        self._rooms = rooms
        self._present: dict[Peer, Presence] = {}

    @property
    def present(self) -> Iterator[Presence]:
        """Those who take part in calls now."""
        return (each for each in tuple(self._present.values()) if each.call.recorded is not False)

    def start(self) -> None:
        """Begin to write down; returns at once."""
        # Others write behind, too.
        self.writes.start()
        if self._enabled:
            self._rooms.on_open.add(self._opened)

    async def close(self) -> None:
        """Write what waits, within a second. To be called when the rooms are closed, before the database is."""
        self._rooms.on_open.remove(self._opened)
        await self.writes.close()

    def _opened(self, room: Room) -> None:
        call = Call(room.call_id, room.id)
        room.on_join.add(lambda peer: self._joined(call, room, peer))
        room.on_leave.add(self._left)
        room.on_close.add(lambda _: self._closed(call))
        room.on_end.add(lambda farewell: self._ended(call, farewell, room.was_shared))

    def _closed(self, call: Call) -> None:
        if call.peak:
            self.writes.put(PeakSeen(call, call.peak))

    def _ended(self, call: Call, farewell: Farewell, was_shared: bool) -> None:
        if call.peak or was_shared:
            self.writes.put(SessionEnded(call, call.emptied_at or now(), farewell.value))

    def _joined(self, call: Call, room: Room, peer: Peer) -> None:
        at = peer.joined_at or now()
        if call.peak == 0:
            # Two parts of the room that are opened at once agree on the call in a moment.
            call.session_id = room.call_id
            self.writes.put(SessionStarted(call, at))
        call.present += 1
        call.peak = max(call.peak, room.participants)
        # The same for the same session, though another process may have written down its beginning.
        presence = self._present[peer] = Presence(uuid.uuid5(call.session_id, peer.session.id), peer, call)
        joined = ParticipantJoined(
            call=call,
            participant_id=presence.participant_id,
            identity=_plain(peer.identity),
            user_id=_account_of(peer),
            peer_id=peer.id,
            display_name=_plain(peer.display_name),
            at=at,
        )
        self.writes.put(joined)
        self.on_join.emit(presence)

    def _left(self, peer: Peer, reason: str) -> None:
        presence, at = self._present.pop(peer), now()
        presence.call.present -= 1
        presence.call.emptied_at = at
        self.writes.put(ParticipantLeft(presence.call, presence.participant_id, at, reason))
        self.on_leave.emit(presence)


def _account_of(peer: Peer) -> uuid.UUID | None:
    """Give the account of somebody who came with a token of ours; others may call themselves what they like."""
    if peer.admission.role is None:
        return None
    with suppress(ValueError):
        return uuid.UUID(peer.identity)
    return None


def _plain(text: str) -> str:
    # PostgreSQL can't keep NUL characters, and nobody sees them.
    return text.replace("\0", "")
