"""Users and their refresh tokens."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from app.errors import Conflict, NotFound
from app.stores.database import Database
from app.stores.models import User
from app.stores.refresh_tokens import RefreshTokens
from app.stores.types import now
from app.stores.users import Users, plain_email
from tests.stores.samples import a_token, a_user, moment


@pytest.fixture
async def user(database: Database) -> User:
    async with database.transaction() as tx:
        return await Users(tx).add(a_user("zoe@example.org"))


async def test_a_user_is_found_by_id_and_by_address_however_it_is_written(database: Database, user: User) -> None:
    async with database.transaction() as tx:
        users = Users(tx)
        for found in (await users.get(user.id, lock=True), await users.find_by_email(" Zoe@Example.ORG")):
            assert found is not None and found.id == user.id
        assert await users.get(uuid4()) is None
        assert await users.find_by_email("zoe@example.com") is None


def test_addresses_are_compared_without_case() -> None:
    assert plain_email(" Straße@Example.ORG ") == plain_email("STRASSE@example.org") == "strasse@example.org"


async def test_of_two_accounts_with_one_address_the_second_is_a_conflict(database: Database, user: User) -> None:
    with pytest.raises(Conflict, match="e-mail"):
        async with database.transaction() as tx:
            await Users(tx).add(a_user(user.email))


async def test_of_many_at_once_exactly_one_gets_the_address(database: Database) -> None:
    async def register() -> None:
        async with database.transaction() as tx:
            await Users(tx).add(a_user("ada@example.org"))

    results = await asyncio.gather(*(register() for _ in range(10)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in results) == ["Conflict"] * 9 + ["NoneType"]


async def test_deleting_a_user_ends_the_logins(database: Database, user: User) -> None:
    async with database.transaction() as tx:
        token = await RefreshTokens(tx).add(a_token(user))
    async with database.transaction() as tx:
        found = await Users(tx).get(user.id)
        assert found is not None
        await Users(tx).delete(found)
    async with database.transaction() as tx:
        assert await RefreshTokens(tx).find_by_hash(token.token_hash) is None


async def test_a_token_of_nobody_is_refused(database: Database) -> None:
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await RefreshTokens(tx).add(a_token(a_user()))


async def test_a_token_is_found_by_its_hash(database: Database, user: User) -> None:
    async with database.transaction() as tx:
        token = await RefreshTokens(tx).add(a_token(user))
    async with database.transaction() as tx:
        found = await RefreshTokens(tx).find_by_hash(token.token_hash)
        assert found is not None and found.id == token.id
        assert await RefreshTokens(tx).find_by_hash(bytes(32)) is None


async def test_of_two_that_use_a_token_at_once_one_sees_the_other(database: Database, user: User) -> None:
    async with database.transaction() as tx:
        token = await RefreshTokens(tx).add(a_token(user))

    async def use() -> bool:
        async with database.transaction() as tx:
            found = await RefreshTokens(tx).find_by_hash(token.token_hash)
            assert found is not None
            is_first = found.used_at is None
            found.used_at = found.used_at or now()
            return is_first

    assert sorted(await asyncio.gather(*(use() for _ in range(5)))) == [False] * 4 + [True]


async def test_a_login_is_good_until_it_is_revoked(database: Database, user: User) -> None:
    family, other = uuid4(), uuid4()
    async with database.transaction() as tx:
        for each in (family, family, other):
            await RefreshTokens(tx).add(a_token(user, each))
    async with database.transaction() as tx:
        found = await Users(tx).of_family(user.id, family)
        assert found is not None and found.id == user.id
        await RefreshTokens(tx).revoke_family(family)
    async with database.transaction() as tx:
        assert await Users(tx).of_family(user.id, family) is None
        assert not await RefreshTokens(tx).family_is_alive(family)
        assert await RefreshTokens(tx).family_is_alive(other)


async def test_a_login_is_of_its_own_user_and_expires(database: Database, user: User) -> None:
    expired, good = uuid4(), uuid4()
    async with database.transaction() as tx:
        stranger = await Users(tx).add(a_user())
        await RefreshTokens(tx).add(a_token(user, expired, expires=-1))
        await RefreshTokens(tx).add(a_token(user, good))
    async with database.transaction() as tx:
        assert await Users(tx).of_family(user.id, expired) is None
        assert await Users(tx).of_family(stranger.id, good) is None
        assert await Users(tx).of_family(user.id, uuid4()) is None


async def test_all_logins_but_one_may_be_ended(database: Database, user: User) -> None:
    families = [uuid4(), uuid4(), uuid4()]
    async with database.transaction() as tx:
        for each in families:
            await RefreshTokens(tx).add(a_token(user, each))
        await RefreshTokens(tx).revoke_all(user.id, but=families[1])
    async with database.transaction() as tx:
        alive = [await RefreshTokens(tx).family_is_alive(each) for each in families]
        assert alive == [False, True, False]
        await RefreshTokens(tx).revoke_all(user.id)
        assert not await RefreshTokens(tx).family_is_alive(families[1])


async def test_expired_tokens_are_forgotten_in_batches(database: Database, user: User) -> None:
    async with database.transaction() as tx:
        for expires in (-30, -20, -10, 60):
            await RefreshTokens(tx).add(a_token(user, expires=expires))
    async with database.transaction() as tx:
        tokens = RefreshTokens(tx)
        assert [await tokens.delete_expired(moment(-5), limit=2) for _ in range(3)] == [2, 1, 0]
