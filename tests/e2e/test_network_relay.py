"""Media by a relay only: the real page, and a real coturn."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext

from tests.test_turn import credentials
from tests.turn_server import TurnServer

from .demo_client import DemoParticipant
from .deployment import Deployment
from .network import PAIRS, RelayedParticipant, ways
from .participant import Participant, they_hear_each_other, they_see_each_other
from .test_client import come, until, until_decodes

#: Seconds that credentials are good in a test of what comes after them: enough to come in with them.
LIFE = 12
#: The names in the credentials that the page's connections would use for a new way.
USERNAMES = """peerConnections
    .filter(({ connectionState }) => connectionState === "connected")
    .map((connection) => connection.getConfiguration().iceServers[0].username)"""


class TimeTraveller(RelayedParticipant):
    """One whose page's clock can be put forward."""

    @classmethod
    async def context(cls, browser: Browser) -> BrowserContext:
        context = await super().context(browser)
        await context.clock.install()
        return context


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with TurnServer(tmp_path_factory.mktemp("turn")) as turn:
        yield turn


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, turn: TurnServer) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("relayed"), workers=1, **turn.settings) as deployment:
        yield deployment


async def test_people_who_can_reach_nothing_but_the_relay_see_and_hear_each_other(
    browser: Browser, deployment: Deployment
) -> None:
    ada, bob = [await RelayedParticipant.enter(browser, deployment, "relayed", name) for name in ("Ada", "Bob")]
    await they_see_each_other(ada, bob)
    await they_hear_each_other(ada, bob)
    for person in (ada, bob):
        assert [way.kind for way in await ways(person)] == ["relay", "relay"]
    assert ada.problems + bob.problems == []


async def test_the_relay_can_be_reached_by_tcp(browser: Browser, deployment: Deployment, turn: TurnServer) -> None:
    (server,) = deployment.api("POST", "/rooms/by-tcp/join", {"displayName": "Demi"})["iceServers"]
    _, by_tcp = turn.urls
    demi, dora = [
        await DemoParticipant.come(
            browser, deployment, "by-tcp", name, iceServers=[server | {"urls": by_tcp}], iceTransportPolicy="relay"
        )
        for name in ("Demi", "Dora")
    ]
    await they_see_each_other(demi, dora)
    await they_hear_each_other(demi, dora)
    for one in (demi, dora):
        assert [(way.kind, way.relay_protocol) for way in await ways(one)] == [("relay", "tcp")] * 2
    assert demi.problems + dora.problems == []


async def test_a_client_may_ask_for_relays_only(browser: Browser, deployment: Deployment) -> None:
    ada, grace = [
        await come(browser, deployment, "relay-only", name, iceTransportPolicy="relay") for name in ("Ada", "Grace")
    ]
    await until_decodes(grace, "Ada")
    kinds = f"({PAIRS.strip()}).then((pairs) => pairs.map(([{{ candidateType }}]) => candidateType))"
    await until(ada, kinds, lambda used: bool(used == ["relay", "relay"]))


async def test_media_goes_on_when_the_credentials_that_its_way_was_made_with_have_expired(
    browser: Browser, deployment: Deployment, tmp_path: Path
) -> None:
    with TurnServer(tmp_path, refreshed_after=LIFE) as turn:
        demi, dora = [await short_lived(browser, deployment, turn, name) for name in ("Demi", "Dora")]
        await they_see_each_other(demi, dora)
        for one in (demi, dora):
            assert [way.kind for way in await ways(one)] == ["relay", "relay"]

        # Each way is confirmed for the first time when its credentials are good for no other any more.
        async def confirmed(_: Participant) -> bool:
            return turn.logged("REFRESH processed, success") >= turn.logged("ALLOCATE processed, success") >= 4

        await demi.until(confirmed, "all ways are confirmed")
        await they_see_each_other(demi, dora)
        await they_hear_each_other(demi, dora)
        assert demi.problems + dora.problems == []


async def test_the_page_has_new_credentials_before_the_old_ones_expire_and_uses_them_for_new_ways(
    browser: Browser, deployment: Deployment, turn: TurnServer
) -> None:
    ada, bob = [await TimeTraveller.enter(browser, deployment, "renewed", name) for name in ("Ada", "Bob")]
    await bob.sees(ada)
    (old,) = set(await ada.page.evaluate(USERNAMES))
    # They are good for an hour.
    await ada.page.clock.fast_forward("50:00")

    async def renewed(_: Participant) -> bool:
        return old not in await ada.page.evaluate(USERNAMES)

    await ada.until(renewed, "has new credentials")
    (new,) = set(await ada.page.evaluate(USERNAMES))
    assert turn.logged(f"new, realm=<turn.example.org>, username=<{new}>") == 0
    await ada.page.evaluate("dispatchEvent(new Event('online'))")

    async def in_use(_: Participant) -> bool:
        return turn.logged(f"new, realm=<turn.example.org>, username=<{new}>") >= 2

    await ada.until(in_use, "looks for new ways with them")
    await bob.sees(ada)
    await ada.sees(bob)
    assert ada.problems + bob.problems == []


async def short_lived(browser: Browser, deployment: Deployment, turn: TurnServer, name: str) -> DemoParticipant:
    """Have somebody come by a relay, with credentials that are good for :data:`LIFE`."""
    server = dataclasses.asdict(credentials(turn, lives=LIFE)) | {"urls": turn.urls[0]}
    return await DemoParticipant.come(
        browser, deployment, "expiring", name, iceServers=[server], iceTransportPolicy="relay"
    )
