"""Where there is not bandwidth for all, those videos come larger that matter more."""

from __future__ import annotations

from playwright.async_api import Browser

from .deployment import Deployment
from .namespaces import Network, needs_network
from .participant import LargeParticipant, Participant
from .small import SmallParticipant
from .test_network_trouble import browser, browser_at_home, deployment, network, whole_network

__all__ = ["browser", "browser_at_home", "deployment", "network", "whole_network"]

pytestmark = needs_network

#: Too little for the large sizes of two cameras (350 each), plenty for one of these and a small one.
KILOBITS = 500
PRIORITIZE = """([peerId, priority]) => {
const { media } = connect.state.get().peers.find(({ id }) => id === peerId);
return connect.subscriptions.choose(media.find(({ source }) => source === "camera").producerId, { priority });
}"""


class Onlooker(SmallParticipant):
    """One in whose window everybody is large, and whose page has a while to settle."""

    WINDOW = (1920, 1200)


async def test_on_a_narrow_line_the_video_that_matters_more_comes_larger(
    network: Network, deployment: Deployment, browser: Browser, browser_at_home: Browser
) -> None:
    network.line_up(1)
    ada, bob = [await LargeParticipant.enter(browser, deployment, "narrow", name) for name in ("Ada", "Bob")]
    for sender in (ada, bob):
        # What is tried here is pictures, and nobody but the onlooker needs any.
        await sender.toggle("mic")
        await sender.page.set_viewport_size({"width": 280, "height": 400})
    cleo = await Onlooker.enter(browser_at_home, deployment, "narrow", "Cleo")
    await cleo.toggle("camera")
    await cleo.sees(ada)
    await cleo.sees(bob)

    await prioritize(cleo, ada, 255)
    network.narrow(1, KILOBITS)
    await until_gets_more(cleo, ada, bob)
    await prioritize(cleo, ada, 1)
    await prioritize(cleo, bob, 255)
    await until_gets_more(cleo, bob, ada)
    assert ada.problems + bob.problems + cleo.problems == []


async def prioritize(person: Participant, other: Participant, priority: int) -> None:
    await person.page.evaluate(PRIORITIZE, [await other.peer_id(), priority])


async def until_gets_more(person: Participant, more: Participant, less: Participant) -> None:
    """Wait until one video comes in a larger size and with twice as many bytes as the other, while both go on."""

    async def does(_: Participant) -> bool:
        before = [await camera(person, each) for each in (more, less)]
        for each in (more, less):
            await person.sees(each)
        after = [await camera(person, each) for each in (more, less)]
        much, little = [now["bytesReceived"] - then["bytesReceived"] for then, now in zip(before, after, strict=True)]
        return bool(much > 2 * little and after[0]["frameHeight"] > after[1]["frameHeight"])

    await person.until(does, f"gets more of {more.name} than of {less.name}")


async def camera(person: Participant, other: Participant) -> dict[str, int]:
    return await person.received_from(other, "camera")
