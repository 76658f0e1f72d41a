"""Media by a relay only: the real page, and a real coturn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser

from tests.turn_server import TurnServer

from .demo_client import DemoParticipant
from .deployment import Deployment
from .network import PAIRS, RelayedParticipant, ways
from .test_client import come, until, until_decodes


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
    for one, other in ((ada, bob), (bob, ada)):
        await one.sees(other)
        await one.hears(other)
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
    for one, other in ((demi, dora), (dora, demi)):
        await one.sees(other)
        await one.hears(other)
        assert [(way.kind, way.relay_protocol) for way in await ways(one)] == [("relay", "tcp")] * 2
    assert demi.problems + dora.problems == []


async def test_a_client_may_ask_for_relays_only(browser: Browser, deployment: Deployment) -> None:
    ada, grace = [
        await come(browser, deployment, "relay-only", name, iceTransportPolicy="relay") for name in ("Ada", "Grace")
    ]
    await until_decodes(grace, "Ada")
    kinds = f"({PAIRS.strip()}).then((pairs) => pairs.map(([{{ candidateType }}]) => candidateType))"
    await until(ada, kinds, lambda used: bool(used == ["relay", "relay"]))
