"""How good somebody's connection is, is shown to all: while packets get lost on it, and when they don't any more."""

from __future__ import annotations

from playwright.async_api import Browser

from .deployment import Deployment
from .namespaces import Network, needs_network
from .participant import Participant
from .small import SmallParticipant
from .test_network_trouble import browser, browser_at_home, deployment, network, whole_network

__all__ = ["browser", "browser_at_home", "deployment", "network", "whole_network"]

pytestmark = needs_network

#: Percent of the packets, each way. Less is repaired so well that nobody sees it.
LOSS = 40


async def test_loss_is_seen_by_all_and_forgotten_when_it_is_over(
    network: Network, deployment: Deployment, browser: Browser, browser_at_home: Browser
) -> None:
    network.line_up(1)
    ada = await SmallParticipant.enter(browser_at_home, deployment, "loss", "Ada")
    bob = await SmallParticipant.enter(browser, deployment, "loss", "Bob")
    await ada.toggle("mic")
    for person in (ada, bob):
        await until_quality(person, ada, "excellent", "good")

    network.lose(1, LOSS)
    for person in (ada, bob):
        await until_quality(person, ada, "poor")
    network.lose(1, 0)
    for person in (ada, bob):
        await until_quality(person, ada, "excellent", "good")

    network.line_down(1)
    await until_quality(bob, ada, "lost")


async def until_quality(person: Participant, other: Participant, *qualities: str) -> None:
    """Wait until the tile of ``other`` shows one of these."""
    quality = (await person.tile_of(other)).get_by_test_id("quality")

    async def shows(_: Participant) -> bool:
        # Who is lost will be gone: nothing waits here for a tile to come back.
        shown = await quality.evaluate_all("found => found.map((one) => one.dataset.quality)")
        return any(each in qualities for each in shown)

    await person.until(shows, f"{other.name}'s connection is {' or '.join(qualities)}")
