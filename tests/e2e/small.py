"""People whose cameras are small and slow, so that one machine can be many of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from playwright.async_api import Browser, async_playwright

from .conftest import CHROMIUM_FLAGS, chromium
from .participant import Participant

FRAMES_PER_SECOND = 5

#: Seconds between looks at a page, and those that something there may take: they all share one machine.
LOOK_EVERY, PATIENCE = 0.5, 60.0


class SmallParticipant(Participant):
    """One of many on one machine. They come in muted: those who speak are heard by a test that is about that."""

    #: The least of which libwebrtc makes two sizes.
    CAMERA = (480, 270)
    #: In a smaller window some of ten tiles would be out of sight, and not be received.
    WINDOW = (800, 600)

    async def until(self, condition: Callable[[Self], Any], what: str = "the condition") -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                # To be asked costs a page a good deal where there are many.
                while not await condition(self):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            state = await self.page.evaluate("JSON.stringify(connect.state.get())")
            raise AssertionError(f"{self.name}: not in time: {what}; {state}; {self.problems}") from None

    async def join(self) -> None:
        # Before it is on, the switch would turn it on.
        await self.page.locator("[data-testid=toggle-mic][aria-pressed=true]").wait_for()
        await self.toggle("mic")
        await super().join()


@asynccontextmanager
async def slow_browser() -> AsyncIterator[Browser]:
    """A browser whose cameras are slow."""
    flags = [
        f"--use-fake-device-for-media-stream=fps={FRAMES_PER_SECOND}" if "fake-device" in flag else flag
        for flag in CHROMIUM_FLAGS
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(chromium()), args=flags, headless=True)
        yield browser
        await browser.close()
