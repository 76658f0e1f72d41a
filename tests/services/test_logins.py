from __future__ import annotations

import asyncio
import dataclasses
import time
from datetime import datetime, timedelta

import argon2
import pytest

from app.auth.access_tokens import AccessTokens
from app.auth.secret_keys import SecretKeys
from app.config import Settings
from app.errors import Unauthorized
from app.services.logins import GRACE, Login, Logins, operator_token
from app.stores.types import now
from app.stores.users import Users

from .world import World

EMAIL, PASSWORD = "zoe@example.org", "correct horse"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def logins(world: World, settings: Settings, clock: Clock) -> Logins:
    """Where Zoe has an account."""
    services = world.services
    await services.accounts.create(EMAIL, PASSWORD, "Zoe")
    tokens = AccessTokens(SecretKeys({"test": "s" * 40}), settings)
    return Logins(services.database, services.passwords, tokens, settings, clock)


async def is_refused(logins: Logins, login: Login) -> bool:
    """Whether no token of this login is good."""
    with pytest.raises(Unauthorized):
        await logins.refresh(login.refresh_token)
    with pytest.raises(Unauthorized):
        await logins.authenticate(login.access_token.text)
    return True


async def test_who_signs_in_is_known_from_then_on(logins: Logins) -> None:
    login = await logins.login("ZOE@example.org", PASSWORD)
    assert login.user.display_name == "Zoe"
    caller = await logins.authenticate(login.access_token.text)
    assert caller.user.email == EMAIL
    assert "refresh" not in repr(login) and login.access_token.text not in repr(login)


async def test_a_wrong_address_and_a_wrong_password_are_refused_alike(logins: Logins) -> None:
    messages = set()
    for email, password in ((EMAIL, "not it at all"), ("nobody@example.org", PASSWORD)):
        with pytest.raises(Unauthorized) as refused:
            await logins.login(email, password)
        messages.add(str(refused.value))
    assert len(messages) == 1


async def test_they_take_the_same_time(logins: Logins) -> None:
    async def fastest(email: str) -> float:
        times = []
        for _ in range(5):
            started = time.perf_counter()
            with pytest.raises(Unauthorized):
                await logins.login(email, "not it at all")
            times.append(time.perf_counter() - started)
        return min(times)

    known, unknown = await fastest(EMAIL), await fastest("nobody@example.org")
    # A hash takes 20 times as long as all the rest: one that is not made would show on the busiest machine.
    assert 1 / 8 < known / unknown < 8


async def test_a_hash_of_weaker_parameters_is_replaced_at_login(world: World, logins: Logins) -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    async with world.services.database.transaction() as tx:
        user = await Users(tx).find_by_email(EMAIL)
        assert user is not None
        user.password_hash = weak
    login = await logins.login(EMAIL, PASSWORD)
    assert login.user.password_hash != weak
    assert not world.services.passwords.needs_rehash(login.user.password_hash)
    await logins.login(EMAIL, PASSWORD)


async def test_a_password_that_changes_while_it_is_verified_lets_nobody_in(
    world: World, logins: Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = world.services.passwords.verify

    async def verify_slowly(hash: str, password: str) -> bool:
        good = await verify(hash, password)
        async with world.services.database.transaction() as tx:
            user = await Users(tx).find_by_email(EMAIL)
            assert user is not None
            user.password_hash = "another"
        return good

    monkeypatch.setattr(world.services.passwords, "verify", verify_slowly)
    with pytest.raises(Unauthorized):
        await logins.login(EMAIL, PASSWORD)


async def test_a_refresh_token_gives_the_next_pair(logins: Logins) -> None:
    first = await logins.login(EMAIL, PASSWORD)
    second = await logins.refresh(first.refresh_token)
    third = await logins.refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    one, other = [await logins.authenticate(each.access_token.text) for each in (first, third)]
    assert one.family_id == other.family_id


async def test_a_lost_answer_does_not_cost_the_login(logins: Logins, clock: Clock) -> None:
    first = await logins.login(EMAIL, PASSWORD)
    lost = await logins.refresh(first.refresh_token)
    clock.ahead = GRACE / 2
    again = await logins.refresh(first.refresh_token)
    assert again.refresh_token != lost.refresh_token
    await logins.authenticate(again.access_token.text)


async def test_two_tabs_may_refresh_at_once(logins: Logins) -> None:
    first = await logins.login(EMAIL, PASSWORD)
    both = await asyncio.gather(*(logins.refresh(first.refresh_token) for _ in range(4)))
    for login in both:
        await logins.authenticate(login.access_token.text)


async def test_a_stolen_refresh_token_ends_the_whole_family(logins: Logins, clock: Clock) -> None:
    stolen = await logins.login(EMAIL, PASSWORD)
    thief = await logins.refresh(stolen.refresh_token)
    clock.ahead = GRACE * 2
    elsewhere = await logins.login(EMAIL, PASSWORD)
    with pytest.raises(Unauthorized, match="sign in again"):
        await logins.refresh(stolen.refresh_token)
    assert await is_refused(logins, thief)
    assert await is_refused(logins, stolen)
    await logins.authenticate(elsewhere.access_token.text)


async def test_the_grace_counts_from_the_first_use(logins: Logins, clock: Clock) -> None:
    first = await logins.login(EMAIL, PASSWORD)
    await logins.refresh(first.refresh_token)
    clock.ahead = GRACE * 0.8
    await logins.refresh(first.refresh_token)
    clock.ahead = GRACE * 1.6
    with pytest.raises(Unauthorized):
        await logins.refresh(first.refresh_token)


async def test_a_refresh_token_expires(logins: Logins, clock: Clock, settings: Settings) -> None:
    login = await logins.login(EMAIL, PASSWORD)
    clock.ahead = timedelta(days=settings.refresh_token_days)
    with pytest.raises(Unauthorized):
        await logins.refresh(login.refresh_token)


async def test_who_signs_out_is_unknown_at_once(logins: Logins) -> None:
    login = await logins.login(EMAIL, PASSWORD)
    elsewhere = await logins.login(EMAIL, PASSWORD)
    await logins.logout(login.refresh_token)
    assert await is_refused(logins, login)
    await logins.authenticate(elsewhere.access_token.text)


@pytest.mark.parametrize("token", ["", "never seen", "\0", "\ud800"])
async def test_tokens_that_are_none_are_refused_and_sign_nobody_out(logins: Logins, token: str) -> None:
    await logins.logout(token)
    with pytest.raises(Unauthorized):
        await logins.refresh(token)
    with pytest.raises(Unauthorized):
        await logins.authenticate(token)


async def test_an_account_that_is_gone_has_no_tokens(world: World, logins: Logins) -> None:
    login = await logins.login(EMAIL, PASSWORD)
    caller = await logins.authenticate(login.access_token.text)
    await world.services.accounts.delete(caller, PASSWORD)
    assert await is_refused(logins, login)


async def test_the_operator_needs_no_account(logins: Logins, settings: Settings) -> None:
    ours, others = (dataclasses.replace(settings, secret_keys=(f"test:{letter * 40}",)) for letter in "so")
    caller = await logins.authenticate(operator_token(ours))
    assert caller.is_operator and caller.user.is_admin and caller.account_id is None
    with pytest.raises(Unauthorized):
        await logins.authenticate(operator_token(others))
