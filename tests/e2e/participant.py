"""A person in a browser: what they do on the page, and what arrives there."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Self

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

from .deployment import Deployment

#: Seconds that something on a page may take before the test fails, and those between looks at it, which cost it time.
PATIENCE, LOOK_EVERY = 40.0, 0.1


#: Has the page get a camera of another size than it asks for.
CAMERA_OF_SIZE = """(({{ getUserMedia }}) => {{
    MediaDevices.prototype.getUserMedia = function ({{ video, ...others }}) {{
        const size = {{ width: {width}, height: {height} }};
        return getUserMedia.call(this, {{ ...others, ...(video && {{ video: {{ ...video, ...size }} }}) }});
    }};
}})(MediaDevices.prototype);"""


class Participant:
    """One page in one room."""

    #: Pixels of its camera, few since encoding is most of the work of these tests; ``None`` for what the page asks for.
    CAMERA: tuple[int, int] | None = (640, 360)
    #: Pixels of its window.
    WINDOW = (1280, 720)

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    @classmethod
    async def arrive(cls, browser: Browser, url: str, name: str) -> Self:
        """Open a page."""
        person = cls(await (await cls.context(browser)).new_page(), name)
        await person.page.goto(url)
        return person

    @classmethod
    async def context(cls, browser: Browser) -> BrowserContext:
        """Give a storage, camera and window of its own, as another person's browser."""
        width, height = cls.WINDOW
        context = await browser.new_context(
            permissions=["camera", "microphone", "clipboard-read", "clipboard-write"],
            viewport={"width": width, "height": height},
        )
        if cls.CAMERA is not None:
            width, height = cls.CAMERA
            await context.add_init_script(CAMERA_OF_SIZE.format(width=width, height=height))
        return context

    @classmethod
    async def enter(cls, browser: Browser, deployment: Deployment, room: str, name: str) -> Self:
        """Open the room's link, give a name, and join."""
        person = await cls.arrive(browser, f"{deployment.url}/r/{room}", name)
        await person.join()
        return person

    async def join(self) -> None:
        await self.ask_to_join()
        await self.until_joined()

    async def ask_to_join(self) -> None:
        await self.fill("name-input", self.name)
        await self.click("join-button")

    async def until_joined(self) -> None:
        await self.until(lambda person: person.joined(), "is in the call")

    async def fill(self, test_id: str, text: str) -> None:
        await self.page.get_by_test_id(test_id).fill(text)

    async def click(self, test_id: str) -> None:
        await self.page.get_by_test_id(test_id).click()

    async def leave(self) -> None:
        await self.page.get_by_test_id("leave-button").click()
        await self.page.get_by_test_id("left-screen").wait_for()

    async def toggle(self, what: str) -> None:
        """Press the button of ``mic``, ``camera`` or ``screen``."""
        await self.page.get_by_test_id(f"toggle-{what}").click()

    async def peer_id(self) -> str:
        peer_id: str = await self.page.evaluate("connect.state.get().peerId")
        return peer_id

    async def joined(self) -> bool:
        return bool(await self.page.evaluate("window.connect?.state.get().status === 'joined'"))

    def tile(self, peer_id: str) -> Locator:
        return self.page.locator(f'[data-testid=tile][data-peer-id="{peer_id}"]')

    async def tile_of(self, other: Participant) -> Locator:
        return self.tile(await other.peer_id())

    async def received(self) -> list[dict[str, Any]]:
        """Give what arrives, one entry for each track of the others."""
        stats: list[dict[str, Any]] = await self.page.evaluate("connect.receiveStats()")
        return stats

    async def received_from(self, other: Participant, source: str) -> dict[str, Any]:
        """Give what arrives of one source of another one; empty when there is no such track."""
        peer_id = await other.peer_id()
        for entry in await self.received():
            if (entry["peerId"], entry["source"]) == (peer_id, source):
                return entry
        return {}

    async def sees(self, other: Participant, source: str = "camera") -> None:
        """Wait until frames of ``source`` go on being decoded."""
        first = (await self.received_from(other, source)).get("framesDecoded", 0)
        await self.until(
            lambda person: person._grew(other, source, "framesDecoded", first + 5), f"sees {other.name}'s {source}"
        )

    async def hears(self, other: Participant) -> None:
        """Wait until the energy of the sound grows."""
        first = (await self.received_from(other, "microphone")).get("totalAudioEnergy", 0)
        await self.until(
            lambda person: person._grew(other, "microphone", "totalAudioEnergy", first * 1.0001 + 1e-6),
            f"hears {other.name}",
        )

    async def _grew(self, other: Participant, source: str, what: str, above: float) -> bool:
        return bool((await self.received_from(other, source)).get(what, 0) > above)

    async def until(self, condition: Callable[[Self], Any], what: str = "the condition") -> None:
        """Wait until an async ``condition`` of this participant holds."""
        try:
            async with asyncio.timeout(PATIENCE):
                # The page is asked, since it can not tell.
                while not await condition(self):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            state = await self.page.evaluate("JSON.stringify(window.connect?.state.get())")
            raise AssertionError(f"{self.name}: not in time: {what}; {state}; {self.problems}") from None

    async def until_tile(self, other: Participant, attribute: str, value: str) -> None:
        """Wait until the tile of ``other`` shows ``value`` in its ``data-`` attribute."""
        tile = await self.tile_of(other)

        async def shows(_: Participant) -> bool:
            return await tile.get_attribute(f"data-{attribute}") == value

        await self.until(shows, f"{other.name}'s {attribute} is {value}")

    async def until_tiles(self, count: int) -> None:
        """Wait until ``count`` tiles are shown, one's own among them."""

        async def shown(_: Participant) -> bool:
            return await self.page.get_by_test_id("tile").count() == count

        await self.until(shown, f"{count} tiles")


async def they_see_each_other(*people: Participant) -> None:
    """Wait until each of them sees each other one."""
    await asyncio.gather(*(one.sees(other) for one, other in itertools.permutations(people, 2)))


async def they_hear_each_other(*people: Participant) -> None:
    """Wait until each of them hears each other one."""
    await asyncio.gather(*(one.hears(other) for one, other in itertools.permutations(people, 2)))


class LargeParticipant(Participant):
    """One with a camera that is worth three sizes."""

    CAMERA = None
