"""Calls, who was in them, and how they went."""

from __future__ import annotations

from uuid import uuid4

import pytest

from app.errors import NotFound
from app.stores.call_metrics import CallMetrics
from app.stores.database import Database
from app.stores.models import ParticipantRecord, RoomRecord, SessionRecord
from app.stores.participants import Participants
from app.stores.rooms import RoomRecords
from app.stores.sessions import Sessions
from app.stores.users import Users
from tests.stores.samples import a_minute, a_participant, a_room, a_session, a_user, moment


@pytest.fixture
async def room(database: Database) -> RoomRecord:
    async with database.transaction() as tx:
        return await RoomRecords(tx).add(a_room(await Users(tx).add(a_user())))


@pytest.fixture
async def session(database: Database, room: RoomRecord) -> SessionRecord:
    async with database.transaction() as tx:
        return await Sessions(tx).add(a_session(room))


@pytest.fixture
async def participant(database: Database, session: SessionRecord) -> ParticipantRecord:
    async with database.transaction() as tx:
        return await Participants(tx).add(a_participant(session))


async def test_calls_are_listed_newest_first(database: Database, room: RoomRecord) -> None:
    async with database.transaction() as tx:
        sessions = [await Sessions(tx).add(a_session(room, started=-age)) for age in range(3)]
    async with database.transaction() as tx:
        first = await Sessions(tx).page(room.id, limit=2)
        second = await Sessions(tx).page(room.id, limit=2, after=first.next)
    assert [each.id for each in (*first.items, *second.items)] == [each.id for each in sessions]


async def test_a_call_and_a_stay_in_it_end(
    database: Database, session: SessionRecord, participant: ParticipantRecord
) -> None:
    at = moment(5)
    async with database.transaction() as tx:
        await Participants(tx).leave(participant.id, at, "left")
        await Sessions(tx).note_peak(session.id, 7)
        await Sessions(tx).note_peak(session.id, 3)
        await Sessions(tx).end(session.id, at, "empty")
        # What is not stored (any more) is no reason to fail.
        await Participants(tx).leave(uuid4(), at, "left")
        await Sessions(tx).note_peak(uuid4(), 7)
        await Sessions(tx).end(uuid4(), at, "empty")
    async with database.transaction() as tx:
        ended, left = await Sessions(tx).get(session.id), await Participants(tx).get(participant.id)
    assert ended is not None and (ended.ended_at, ended.end_reason, ended.peak_participants) == (at, "empty", 7)
    assert left is not None and (left.left_at, left.leave_reason) == (at, "left")


async def test_participants_are_listed_in_the_order_of_coming(database: Database, session: SessionRecord) -> None:
    async with database.transaction() as tx:
        people = [await Participants(tx).add(a_participant(session, joined=number)) for number in range(3)]
    async with database.transaction() as tx:
        first = await Participants(tx).page(session.id, limit=2)
        second = await Participants(tx).page(session.id, limit=2, after=first.next)
    assert [each.id for each in (*first.items, *second.items)] == [each.id for each in people]


async def test_what_a_process_left_open_is_closed_and_nothing_else(database: Database, room: RoomRecord) -> None:
    start = moment()
    async with database.transaction() as tx:
        lost = await Sessions(tx).add(a_session(room, started=-60))
        over = await Sessions(tx).add(a_session(room, started=-60, ended=-30))
        new = await Sessions(tx).add(a_session(room, started=60))
        for each in (lost, new):
            await Participants(tx).add(a_participant(each, joined=-50 if each is lost else 70))
    async with database.transaction() as tx:
        await Sessions(tx).close_open(start, "lost")
        await Participants(tx).close_open(start, "lost")
    async with database.transaction() as tx:
        sessions = [await Sessions(tx).get(each.id) for each in (lost, over, new)]
        stays = [(await Participants(tx).page(each.id, limit=1)).items[0] for each in (lost, new)]
    assert [each and (each.ended_at, each.end_reason) for each in sessions] == [
        (start, "lost"),
        (over.ended_at, None),
        (None, None),
    ]
    assert [(each.left_at, each.leave_reason) for each in stays] == [(start, "lost"), (None, None)]


async def test_metrics_are_listed_for_one_participant_and_for_all(
    database: Database, session: SessionRecord, participant: ParticipantRecord
) -> None:
    async with database.transaction() as tx:
        other = await Participants(tx).add(a_participant(session))
        minutes = [a_minute(participant, 0), a_minute(other, 60), a_minute(participant, 120)]
        await CallMetrics(tx).add_missing(minutes)
    async with database.transaction() as tx:
        metrics = CallMetrics(tx)
        first = await metrics.page_of_session(session.id, limit=2)
        second = await metrics.page_of_session(session.id, limit=2, after=first.next)
        assert [each.minute for each in (*first.items, *second.items)] == [each.minute for each in minutes]
        of_one = (await metrics.page_of_participant(participant.id, limit=10)).items
        assert [each.minute for each in of_one] == [minutes[0].minute, minutes[2].minute]
        assert (of_one[0].bitrate_in, of_one[0].loss_in) == (64_000, None)


async def test_a_write_may_be_repeated(database: Database, room: RoomRecord) -> None:
    session = a_session(room)
    participants = [a_participant(session), a_participant(session)]
    for count in (1, 2):
        # The second time there is more to write, and some of it is there already.
        async with database.transaction() as tx:
            await Sessions(tx).add_missing([session])
            await Participants(tx).add_missing(participants[:count])
            await CallMetrics(tx).add_missing([a_minute(each) for each in participants[:count]])
            await CallMetrics(tx).add_missing([])
    async with database.transaction() as tx:
        assert len((await Sessions(tx).page(room.id, limit=10)).items) == 1
        assert len((await Participants(tx).page(session.id, limit=10)).items) == 2


async def test_history_of_a_room_that_is_gone_is_refused(database: Database) -> None:
    with pytest.raises(NotFound, match="room"):
        async with database.transaction() as tx:
            await Sessions(tx).add_missing([a_session(a_room(a_user()))])


async def test_a_room_takes_its_history_with_it(
    database: Database, room: RoomRecord, session: SessionRecord, participant: ParticipantRecord
) -> None:
    async with database.transaction() as tx:
        await CallMetrics(tx).add(a_minute(participant))
    async with database.transaction() as tx:
        found = await RoomRecords(tx).get(room.id)
        assert found is not None
        await RoomRecords(tx).delete(found)
    async with database.transaction() as tx:
        assert await Sessions(tx).get(session.id) is None
        assert await Participants(tx).get(participant.id) is None
        assert (await CallMetrics(tx).page_of_participant(participant.id, limit=1)).items == []


async def test_a_user_who_goes_leaves_the_history_nameless(database: Database, session: SessionRecord) -> None:
    async with database.transaction() as tx:
        user = await Users(tx).add(a_user())
        stay = a_participant(session)
        stay.user_id = user.id
        await Participants(tx).add(stay)
    async with database.transaction() as tx:
        found = await Users(tx).get(user.id)
        assert found is not None
        await Users(tx).delete(found)
    async with database.transaction() as tx:
        left = await Participants(tx).get(stay.id)
        assert left is not None and left.user_id is None


async def test_old_history_is_forgotten_in_batches(database: Database, room: RoomRecord) -> None:
    async with database.transaction() as tx:
        old = [await Sessions(tx).add(a_session(room, started=-90, ended=-60)) for _ in range(3)]
        on = await Sessions(tx).add(a_session(room, started=-90))
        gone = await Participants(tx).add(a_participant(on, joined=-80, left=-70))
        here = await Participants(tx).add(a_participant(on, joined=-80))
        await CallMetrics(tx).add_missing([a_minute(here, -80), a_minute(here, 0), a_minute(gone, -80)])
    async with database.transaction() as tx:
        assert await CallMetrics(tx).delete_before(moment(-30), limit=10) == 2
        assert await Participants(tx).delete_left(moment(-30), limit=10) == 1
        assert [await Sessions(tx).delete_ended(moment(-30), limit=2) for _ in range(3)] == [2, 1, 0]
    async with database.transaction() as tx:
        assert [each.id for each in (await Sessions(tx).page(room.id, limit=10)).items] == [on.id]
        assert await Sessions(tx).get(old[0].id) is None
        assert [each.id for each in (await Participants(tx).page(on.id, limit=10)).items] == [here.id]
        assert len((await CallMetrics(tx).page_of_participant(here.id, limit=10)).items) == 1
