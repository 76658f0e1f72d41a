from __future__ import annotations

import asyncio
import dataclasses

import pytest

from app.auth.secret_keys import SecretKeys
from app.config import Limits, Settings
from app.errors import LimitReached, NotAllowed, NotFound, Unavailable
from app.services import api_keys
from app.services.api_keys import FRESH, ID_FORM, STALE, ApiKeys
from app.services.callers import Caller, operator
from app.stores.api_keys import ApiKeyRecords

from .world import World


class Clock:
    """Seconds that a test sets."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(world: World, settings: Settings, clock: Clock) -> ApiKeys:
    settings = dataclasses.replace(settings, limits=Limits(max_api_keys_per_user=2))
    return ApiKeys(world.services.database, SecretKeys({"test": "s" * 40}), settings, clock)


@pytest.fixture
async def zoe(world: World) -> Caller:
    return await world.user("Zoe")


async def test_a_key_is_found_with_its_secret_and_owner(world: World, keys: ApiKeys, zoe: Caller) -> None:
    made = await keys.create_for(zoe, "Booking")
    assert ID_FORM.fullmatch(made.record.id) and len(made.secret) == 43
    found = await keys.find(made.record.id)
    assert found is not None
    assert (found.secret, found.owner.id) == (made.secret, zoe.user.id)
    assert await keys.find_secret(made.record.id) == made.secret
    assert made.secret not in repr(made) + repr(found)


async def test_the_database_does_not_show_the_secret(world: World, keys: ApiKeys, zoe: Caller) -> None:
    made = await keys.create_for(zoe, "Booking")
    async with world.services.database.transaction() as tx:
        record = await ApiKeyRecords(tx).get(made.record.id)
    assert record is not None and made.secret.encode() not in record.sealed_secret


async def test_keys_are_listed_for_their_owner_newest_first(world: World, keys: ApiKeys, zoe: Caller) -> None:
    made = [(await keys.create_for(zoe, name)).record.id for name in ("Old", "New")]
    page = await keys.page(zoe, 1, None)
    rest = await keys.page(zoe, 1, page.next)
    assert [key.id for key in (*page.items, *rest.items)] == made[::-1]
    assert (await keys.page(await world.user("Eve"), 10, None)).items == []


async def test_a_revoked_key_is_worthless_at_once(keys: ApiKeys, zoe: Caller) -> None:
    id = (await keys.create_for(zoe, "Booking")).record.id
    assert await keys.find(id) is not None
    await keys.revoke(zoe, id)
    assert await keys.find(id) is None
    assert (await keys.page(zoe, 10, None)).items == []
    with pytest.raises(NotFound):
        await keys.revoke(zoe, id)


async def test_nobody_revokes_the_key_of_another(world: World, keys: ApiKeys, zoe: Caller) -> None:
    id = (await keys.create_for(zoe, "Booking")).record.id
    with pytest.raises(NotFound):
        await keys.revoke(await world.user("Eve"), id)
    assert await keys.find(id) is not None


async def test_there_is_a_limit_which_revoking_makes_room_in(keys: ApiKeys, zoe: Caller) -> None:
    outcomes = await asyncio.gather(*(keys.create_for(zoe, "Booking") for _ in range(4)), return_exceptions=True)
    made = [each.record.id for each in outcomes if not isinstance(each, BaseException)]
    assert len(made) == 2
    assert all(isinstance(each, LimitReached) for each in outcomes if isinstance(each, BaseException))
    await keys.revoke(zoe, made[0])
    await keys.create_for(zoe, "Booking")


async def test_the_operator_makes_keys_for_others_only(keys: ApiKeys) -> None:
    with pytest.raises(NotAllowed):
        await keys.create_for(operator(), "Booking")


@pytest.mark.parametrize("id", ["", "CKno", "CK0123456789abc\0", "CK" + "x" * 13])
async def test_what_is_no_key_is_not_found(keys: ApiKeys, id: str) -> None:
    assert await keys.find(id) is None


async def test_what_was_looked_up_is_believed_for_some_seconds(keys: ApiKeys, zoe: Caller, clock: Clock) -> None:
    id = (await keys.create_for(zoe, "Booking")).record.id
    known = await keys.find(id)
    clock.seconds = FRESH - 1
    assert await keys.find(id) is known
    clock.seconds = FRESH + 1
    assert await keys.find(id) is not known


async def test_without_database_known_keys_are_good_for_some_minutes(
    world: World, keys: ApiKeys, zoe: Caller, clock: Clock
) -> None:
    id = (await keys.create_for(zoe, "Booking")).record.id
    known = await keys.find(id)
    world.services.database.problem = "away"
    clock.seconds = STALE - 1
    assert await keys.find(id) is known
    clock.seconds = STALE + 1
    with pytest.raises(Unavailable):
        await keys.find(id)
    with pytest.raises(Unavailable):
        await keys.find("CK" + "x" * 13)


async def test_memory_has_room_for_so_many_keys(
    world: World, keys: ApiKeys, zoe: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "KEPT", 1)
    first, second = [(await keys.create_for(zoe, name)).record.id for name in ("one", "two")]
    await keys.find(first)
    await keys.find(second)
    world.services.database.problem = "away"
    assert await keys.find(second) is not None
    with pytest.raises(Unavailable):
        await keys.find(first)
