"""One stream with several sizes in it goes from node to node whole, and each person there gets the size that fits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from .cluster import Cluster
from .participant import LargeParticipant
from .small import slow_browser
from .test_adaptation import LARGE, SMALL, is_larger, until_receives_layer


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with slow_browser() as browser:
        yield browser


@pytest.mark.parametrize("codec", ["vp9", "av1"])
async def test_a_stream_with_layers_is_received_on_another_node_as_large_as_it_is_shown(
    browser: Browser, cluster: Cluster, codec: str
) -> None:
    first, second, _ = cluster.nodes
    room = first.api("POST", "/rooms", {"name": "Layers", "codecs": ["opus", codec]}, first.sign_up("Olga")[1])["code"]
    ada = await LargeParticipant.enter(browser, first, room, "Ada")
    bob, cleo = [await LargeParticipant.enter(browser, second, room, name) for name in ("Bob", "Cleo")]
    for person, size in ((ada, SMALL), (bob, SMALL), (cleo, LARGE)):
        await person.page.set_viewport_size(size)
    await bob.toggle("camera")
    await cleo.toggle("camera")

    await until_receives_layer(bob, ada, 0)
    await cleo.until(lambda _: is_larger(cleo, ada, 180), "shows a larger size")
    for person in (bob, cleo):
        await person.sees(ada)
    assert (await bob.received_from(ada, "camera"))["frameHeight"] <= 180
    assert ada.problems + bob.problems + cleo.problems == []
