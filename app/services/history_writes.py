"""What is written down of calls, as values that the queue of :mod:`app.services.write_behind` takes."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.rtc.events import Farewell
from app.stores.call_metrics import CallMetrics
from app.stores.models import CallMetric, ParticipantRecord, SessionRecord
from app.stores.participants import Participants
from app.stores.rooms import RoomRecords
from app.stores.sessions import Sessions
from app.stores.users import Users

from .call_readings import MinuteMetrics


@dataclass(slots=True, eq=False)
class Call:
    """
    A call as it is written down: ``session_id`` is its id in the history.

    It is from when the first one joined until the last one left: ``present`` and ``emptied_at`` (``None`` before
    anybody joined) are of those in this part of the room, ``peak`` of all. ``recorded`` is known once its first line
    was written: false if the database has no such room. Then nothing more of it is written.
    """

    session_id: uuid.UUID
    room_code: str
    present: int = 0
    peak: int = 0
    emptied_at: datetime | None = None
    recorded: bool | None = None


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The first one joined."""

    call: Call
    at: datetime

    async def apply(self, tx: AsyncSession) -> None:
        room = await RoomRecords(tx).find_by_code(self.call.room_code)
        self.call.recorded = room is not None
        if room is not None:
            session = SessionRecord(id=self.call.session_id, room_id=room.id, started_at=self.at)
            await Sessions(tx).add_missing([session])


@dataclass(frozen=True, slots=True)
class PeakSeen:
    """So many were in the call at a time."""

    call: Call
    peak: int

    async def apply(self, tx: AsyncSession) -> None:
        if self.call.recorded:
            await Sessions(tx).note_peak(self.call.session_id, self.peak)


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """
    The last one had left when the last part of the room closed.

    Perhaps nobody joined in that part, so that it has written nothing of the call so far. Who was on a node that was
    lost has not been seen to leave.
    """

    call: Call
    at: datetime
    reason: str

    async def apply(self, tx: AsyncSession) -> None:
        if self.call.recorded is not False:
            await Sessions(tx).end(self.call.session_id, self.at, self.reason)
            await Participants(tx).close_in(self.call.session_id, self.at, Farewell.CONNECTION_LOST.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantJoined:
    """Somebody joined. ``user_id`` is of whoever had that account then; it may be gone now."""

    call: Call
    participant_id: uuid.UUID
    identity: str
    user_id: uuid.UUID | None
    peer_id: str
    display_name: str
    at: datetime

    async def apply(self, tx: AsyncSession) -> None:
        if self.call.recorded:
            user = await Users(tx).get(self.user_id) if self.user_id else None
            participant = ParticipantRecord(
                id=self.participant_id,
                session_id=self.call.session_id,
                identity=self.identity,
                user_id=user.id if user else None,
                peer_id=self.peer_id,
                display_name=self.display_name,
                joined_at=self.at,
            )
            await Participants(tx).add_missing([participant])


@dataclass(frozen=True, slots=True)
class ParticipantLeft:
    """Somebody left."""

    call: Call
    participant_id: uuid.UUID
    at: datetime
    reason: str

    async def apply(self, tx: AsyncSession) -> None:
        if self.call.recorded:
            await Participants(tx).leave(self.participant_id, self.at, self.reason)


@dataclass(frozen=True, slots=True)
class MinuteMeasured:
    """How somebody's media fared for a minute."""

    call: Call
    participant_id: uuid.UUID
    minute: datetime
    metrics: MinuteMetrics

    async def apply(self, tx: AsyncSession) -> None:
        if self.call.recorded:
            line = CallMetric(participant_id=self.participant_id, minute=self.minute, **asdict(self.metrics))
            await CallMetrics(tx).add_missing([line])
