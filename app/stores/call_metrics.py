"""How calls went, minute by minute, as stored."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from .models import CallMetric, ParticipantRecord
from .pages import Cursor, Page, read_page
from .repository import Repository

#: In a minute, each participant has a row.
KEY = (CallMetric.minute, CallMetric.participant_id)


class CallMetrics(Repository[CallMetric]):
    """All call metrics."""

    MODEL = CallMetric
    ORPHAN = "the participant is gone"

    async def page_of_participant(
        self, participant_id: UUID, *, limit: int, after: Cursor | None = None
    ) -> Page[CallMetric]:
        """List the minutes of one participant, oldest first."""
        query = select(CallMetric).where(CallMetric.participant_id == participant_id)
        return await read_page(self._tx, query, KEY, limit=limit, after=after)

    async def page_of_session(self, session_id: UUID, *, limit: int, after: Cursor | None = None) -> Page[CallMetric]:
        """List the minutes of all participants of a call, oldest first."""
        query = select(CallMetric).join(ParticipantRecord).where(ParticipantRecord.session_id == session_id)
        return await read_page(self._tx, query, KEY, limit=limit, after=after)

    async def delete_before(self, moment: datetime, *, limit: int) -> int:
        """Forget up to ``limit`` minutes before ``moment``; gives how many there were."""
        return await self._delete_before(CallMetric.minute, moment, limit)
