"""Media by a relay only: the real page, and a real coturn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser

from tests.turn_server import TurnServer

from .deployment import Deployment
from .network import RelayedParticipant


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
        ways = await person.ways()
        assert [(way.kind, way.protocol, way.relay_protocol) for way in ways] == [("relay", "udp", "udp")] * 2
    assert ada.problems + bob.problems == []
