"""The page is small, and shows itself before anything but its own files has come."""

from __future__ import annotations

from playwright.async_api import Browser

from .deployment import Deployment
from .participant import Participant

#: Of all scripts together, as they come over the network, in bytes.
MOST_SCRIPT = 300 * 1024

#: No camera answers, no connection for media can be made.
NO_MEDIA = """
navigator.mediaDevices.getUserMedia = () => new Promise(() => undefined);
globalThis.RTCPeerConnection = class { constructor() { throw new Error("no media"); } };
"""


async def test_the_entrance_waits_for_no_network_but_its_own_files(browser: Browser, deployment: Deployment) -> None:
    context = await browser.new_context()
    await context.add_init_script(NO_MEDIA)
    guest = Participant(await context.new_page(), "Guest")
    asked: list[str] = []
    # Neither the API nor the websocket ever answers.
    await guest.page.route("**/api/**", lambda route: asked.append(route.request.url))
    await guest.page.route_web_socket("**/ws**", lambda socket: asked.append(socket.url))

    await guest.page.goto(f"{deployment.url}/r/quick", wait_until="commit")
    await guest.page.get_by_test_id("name-input").wait_for()
    await guest.page.get_by_test_id("join-button").wait_for()
    await guest.until(painted, "the entrance is painted")
    assert [url for url in asked if "/ws" in url] == []
    assert guest.problems == []
    await guest.page.unroute_all(behavior="ignoreErrors")


async def test_all_script_together_is_small(browser: Browser, deployment: Deployment) -> None:
    guest = await Participant.enter(browser, deployment, "small", "Guest")
    loaded: dict[str, int] = await guest.page.evaluate(
        "Object.fromEntries(performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js'))"
        ".map(({ name, encodedBodySize }) => [name, encodedBodySize]))"
    )
    assert 0 < sum(loaded.values()) < MOST_SCRIPT, f"bytes of script that came: {loaded}"


async def painted(person: Participant) -> bool:
    count: int = await person.page.evaluate("performance.getEntriesByName('first-contentful-paint').length")
    return count > 0
