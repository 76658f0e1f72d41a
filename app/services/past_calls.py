"""Looking at the calls that were, and at the one that is on: what :mod:`app.services.history` wrote down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.stores.call_metrics import CallMetrics
from app.stores.database import Database
from app.stores.models import CallMetric, ParticipantRecord, RoomRecord, SessionRecord
from app.stores.pages import Cursor, Page
from app.stores.participants import Participants
from app.stores.sessions import Sessions

from .callers import Caller
from .standing import standing


class PastCalls:
    """
    The history of rooms, for their owner, moderators and admins.

    Methods raise NotAllowed for others, and NotFound when there is no such room, or no such session in it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sessions(self, caller: Caller, code: str, *, limit: int, cursor: Cursor | None) -> Page[SessionRecord]:
        """List the calls of a room, newest first."""
        async with self._room(caller, code) as (tx, room):
            return await Sessions(tx).page(room.id, limit=limit, after=cursor)

    async def session(self, caller: Caller, code: str, session_id: UUID) -> SessionRecord:
        """Look at one call."""
        async with self._room(caller, code) as (tx, room):
            return await _find(tx, room, session_id)

    async def participants(
        self, caller: Caller, code: str, session_id: UUID, *, limit: int, cursor: Cursor | None
    ) -> Page[ParticipantRecord]:
        """List who was in a call, in the order of coming."""
        async with self._room(caller, code) as (tx, room):
            session = await _find(tx, room, session_id)
            return await Participants(tx).page(session.id, limit=limit, after=cursor)

    async def metrics(
        self,
        caller: Caller,
        code: str,
        session_id: UUID,
        *,
        participant: UUID | None,
        limit: int,
        cursor: Cursor | None,
    ) -> Page[CallMetric]:
        """List how everybody's media, or those of one participant, fared minute by minute."""
        async with self._room(caller, code) as (tx, room):
            session = await _find(tx, room, session_id)
            if participant is None:
                return await CallMetrics(tx).page_of_session(session.id, limit=limit, after=cursor)
            stay = await Participants(tx).get(participant)
            if stay is None or stay.session_id != session.id:
                raise NotFound("the session had no such participant")
            return await CallMetrics(tx).page_of_participant(stay.id, limit=limit, after=cursor)

    @asynccontextmanager
    async def _room(self, caller: Caller, code: str) -> AsyncIterator[tuple[AsyncSession, RoomRecord]]:
        async with self._database.transaction(read_only=True) as tx:
            place = await standing(tx, code, caller)
            place.need("moderator")
            yield tx, place.room


async def _find(tx: AsyncSession, room: RoomRecord, session_id: UUID) -> SessionRecord:
    session = await Sessions(tx).get(session_id)
    if session is None or session.room_id != room.id:
        raise NotFound("the room had no such session")
    return session
