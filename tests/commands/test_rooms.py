from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.stores.database import Database
from app.stores.members import Members
from app.stores.models import Member, RoomRecord
from app.stores.rooms import RoomRecords
from app.stores.users import Users
from tests.ports import free_port

from .conftest import Run

FIRST = datetime(2030, 1, 1, tzinfo=UTC)


def add_rooms(url: str, owner: str, *codes: str) -> None:
    """Give an account rooms of these codes, made one after another."""

    async def add() -> None:
        database = Database(url, timeout=10)
        async with database.transaction() as tx:
            user = await Users(tx).find_by_email(owner)
            assert user is not None
            for number, code in enumerate(codes):
                created_at = FIRST + timedelta(minutes=number)
                room = RoomRecord(code=code, name=f"Room {code}", owner_id=user.id, created_at=created_at)
                await RoomRecords(tx).add(room)
                await Members(tx).add(Member(room_id=room.id, user_id=user.id, role="owner"))
        await database.close()

    asyncio.run(add())


def test_all_rooms_are_listed_newest_first(run: Run, ada: str, database_url: str) -> None:
    assert run("list-rooms").out == ""
    codes = [f"room-{number}" for number in range(105)]
    add_rooms(database_url, ada, *codes)
    lines = run("list-rooms").out.splitlines()
    assert [line.split()[2] for line in lines] == codes[::-1]
    assert lines[-1] == f"2030-01-01 00:00  {'room-0':20}  anyone    Room room-0"


def test_a_room_is_not_ended_behind_the_back_of_an_app_that_does_not_answer(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECT_PORT", str(port := free_port()))
    ended = run("end-room", "some-room")
    assert ended.code == 1
    assert ended.err.startswith(f"end-room: Connect does not answer at http://127.0.0.1:{port}/")


def test_what_is_no_code_is_refused(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("end-room", "../users")
    assert ended.value.code == 2
