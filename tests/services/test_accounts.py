from __future__ import annotations

import dataclasses

import pytest

from app.config import Settings
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, Unauthorized
from app.rtc.events import Farewell
from app.services.accounts import Accounts
from app.services.callers import Caller, operator
from app.stores.models import User
from app.stores.users import Users

from .world import World

PASSWORD, NEW = "correct horse", "battery staple"


@pytest.fixture
def accounts(world: World) -> Accounts:
    return world.services.accounts


@pytest.fixture
async def zoe(world: World) -> Caller:
    """Somebody who signed in with a password."""
    await world.services.accounts.register("zoe@example.org", PASSWORD, "Zoe")
    login = await world.services.logins.login("zoe@example.org", PASSWORD)
    return await world.services.logins.authenticate(login.access_token.text)


async def stored(world: World, email: str) -> User | None:
    async with world.services.database.transaction() as tx:
        return await Users(tx).find_by_email(email)


async def test_who_registers_has_an_account_and_nobody_can_read_the_password(world: World, accounts: Accounts) -> None:
    await accounts.register("Zoe@Example.org", PASSWORD, "Zoe")
    user = await stored(world, "zoe@example.org")
    assert user is not None
    assert (user.email, user.display_name, user.is_admin) == ("zoe@example.org", "Zoe", False)
    assert user.password_hash.startswith("$argon2id$")


async def test_registering_an_address_again_changes_nothing_and_looks_the_same(
    world: World, accounts: Accounts
) -> None:
    await accounts.register("zoe@example.org", PASSWORD, "Zoe")
    await accounts.register("ZOE@example.org", "another password", "Eve")
    user = await stored(world, "zoe@example.org")
    assert user is not None and user.display_name == "Zoe"
    await world.services.logins.login("zoe@example.org", PASSWORD)


async def test_where_the_operator_makes_accounts_nobody_else_does(world: World, settings: Settings) -> None:
    closed = dataclasses.replace(settings, registration=False)
    services = world.services
    accounts = Accounts(services.database, services.passwords, services.live, closed)
    with pytest.raises(NotAllowed, match="operator"):
        await accounts.register("zoe@example.org", PASSWORD, "Zoe")
    await accounts.create("zoe@example.org", PASSWORD, "Zoe")
    with pytest.raises(Conflict):
        await accounts.create("zoe@example.org", PASSWORD, "Zoe")


async def test_the_operator_makes_admins(accounts: Accounts) -> None:
    assert (await accounts.create("root@example.org", PASSWORD, "Root", admin=True)).is_admin
    await accounts.create("zoe@example.org", PASSWORD, "Zoe")
    assert (await accounts.make_admin("zoe@example.org")).is_admin
    assert (await accounts.find("zoe@example.org")).is_admin
    with pytest.raises(NotFound):
        await accounts.make_admin("nobody@example.org")


async def test_one_can_take_another_name(world: World, accounts: Accounts, zoe: Caller) -> None:
    assert (await accounts.rename(zoe, "Zoë")).display_name == "Zoë"
    user = await stored(world, "zoe@example.org")
    assert user is not None and user.display_name == "Zoë"


async def test_a_new_password_signs_out_everywhere_else(world: World, accounts: Accounts, zoe: Caller) -> None:
    logins = world.services.logins
    elsewhere = await logins.login("zoe@example.org", PASSWORD)
    await accounts.change_password(zoe, PASSWORD, NEW)
    with pytest.raises(Unauthorized):
        await logins.authenticate(elsewhere.access_token.text)
    with pytest.raises(Unauthorized):
        await logins.refresh(elsewhere.refresh_token)
    with pytest.raises(Unauthorized):
        await logins.login("zoe@example.org", PASSWORD)
    await logins.login("zoe@example.org", NEW)
    async with world.services.database.transaction() as tx:
        assert await Users(tx).of_family(zoe.user.id, zoe.family_id) is not None


async def test_a_wrong_password_changes_and_deletes_nothing(world: World, accounts: Accounts, zoe: Caller) -> None:
    with pytest.raises(BadRequest) as refused:
        await accounts.change_password(zoe, "not it at all", NEW)
    assert list(refused.value.fields) == ["currentPassword"]
    with pytest.raises(BadRequest) as refused:
        await accounts.delete(zoe, "not it at all")
    assert list(refused.value.fields) == ["password"]
    await world.services.logins.login("zoe@example.org", PASSWORD)


async def test_a_password_that_was_changed_meanwhile_proves_nothing(
    world: World, accounts: Accounts, zoe: Caller
) -> None:
    # ``zoe`` still has the hash that it was authenticated with.
    await accounts.change_password(zoe, PASSWORD, NEW)
    with pytest.raises(Unauthorized):
        await accounts.delete(zoe, PASSWORD)
    assert await stored(world, "zoe@example.org") is not None


async def test_who_deletes_their_account_takes_rooms_and_calls_along(
    world: World, accounts: Accounts, zoe: Caller
) -> None:
    own = (await world.room(zoe)).record.code
    other = await world.room(await world.user("Ada"))
    guest, client = await world.join(own, await world.token(None, own, "Guest"))
    there, _ = await world.arrive(zoe, other.record.code)
    await accounts.delete(zoe, PASSWORD)
    assert guest.closed and client.farewell is Farewell.ROOM_CLOSED
    assert there.closed and not world.call(other.record.code).closed
    assert world.rooms.get(own) is None
    with pytest.raises(NotFound):
        await world.services.rooms.get(None, own)
    with pytest.raises(Unauthorized):
        await accounts.rename(zoe, "Ghost")


async def test_the_operator_has_no_account_to_change(accounts: Accounts) -> None:
    for change in (
        accounts.rename(operator(), "Root"),
        accounts.delete(operator(), PASSWORD),
        accounts.change_password(operator(), PASSWORD, NEW),
    ):
        with pytest.raises(NotAllowed):
            await change
