"""Cursors and pages; each repository's lists are in its own tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadRequest
from app.stores.database import Database
from app.stores.models import User
from app.stores.pages import Cursor
from app.stores.users import Users
from tests.stores.samples import a_user, moment


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_survives_its_journey(at: datetime, id: object) -> None:
    cursor = Cursor(at, str(id))
    assert Cursor.from_text(cursor.to_text()) == cursor


@given(st.text())
def test_anything_else_is_a_bad_request(text: str) -> None:
    try:
        Cursor.from_text(text)
    except BadRequest as error:
        assert list(error.fields) == ["cursor"]


@pytest.mark.parametrize("text", ["", "abc", "MjAyNi0wMS0wMQ", "é", "\0", "MjAyNi0wMS0wMSBpZA"])
def test_such_as(text: str) -> None:
    with pytest.raises(BadRequest):
        Cursor.from_text(text)


async def test_pages_have_every_row_once_even_those_of_the_same_time(database: Database) -> None:
    at = moment()
    users = [a_user() for _ in range(7)]
    for user in users[:5]:
        user.created_at = at
    async with database.transaction() as tx:
        tx.add_all(users)

    seen, after, sizes = [], None, []
    while True:
        async with database.transaction() as tx:
            page = await Users(tx).page(limit=3, after=after)
        seen += [user.id for user in page.items]
        sizes.append(len(page.items))
        if page.next is None:
            break
        after = Cursor.from_text(page.next.to_text())
    assert sizes == [3, 3, 1]
    assert len(set(seen)) == 7


async def test_a_page_that_ends_with_the_list_has_no_next(database: Database) -> None:
    async with database.transaction() as tx:
        tx.add_all([a_user(), a_user()])
    async with database.transaction() as tx:
        page = await Users(tx).page(limit=2)
        assert (len(page.items), page.next) == (2, None)
        assert (await Users(tx).page(limit=1)).next is not None


async def test_rows_that_come_meanwhile_shift_nothing(database: Database) -> None:
    users = [a_user() for _ in range(4)]
    for age, user in enumerate(users):
        user.created_at = moment(-age)
    async with database.transaction() as tx:
        tx.add_all(users)
    async with database.transaction() as tx:
        first = await Users(tx).page(limit=2)
        tx.add(a_user())
        await tx.delete(await tx.get_one(User, users[0].id))
    async with database.transaction() as tx:
        second = await Users(tx).page(limit=2, after=first.next)
    assert [user.id for user in second.items] == [user.id for user in users[2:]]


def test_a_time_of_another_zone_is_none_of_ours() -> None:
    with pytest.raises(BadRequest):
        Cursor.from_text(Cursor(datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=2))), "CK").to_text())


async def test_a_cursor_of_another_list_is_a_bad_request(database: Database) -> None:
    with pytest.raises(BadRequest, match="not a position"):
        async with database.transaction() as tx:
            await Users(tx).page(limit=2, after=Cursor(moment(), "CKabc"))
