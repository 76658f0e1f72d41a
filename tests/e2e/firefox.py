"""
Debian's Firefox as a test's second browser.

Playwright drives only a Firefox that its makers have changed, so ``firefox.mjs`` drives this one, by WebDriver BiDi.
The classes here have what :class:`Participant` needs of Playwright's, under the same names.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from playwright.async_api import Browser

EXECUTABLE = Path("/usr/bin/firefox-esr")
#: Seconds for an answer: more than the robot itself waits for an element.
PATIENCE = 30.0


@asynccontextmanager
async def launch_firefox(display: str | None = None) -> AsyncIterator[Browser]:
    """
    Have a Firefox, as a :class:`Browser` that can do what this module can.

    With a ``display`` its window is there, and a screen that is shared is that one; without, there is none to share.
    """
    process = await asyncio.create_subprocess_exec(
        "node",
        Path(__file__).with_suffix(".mjs"),
        EXECUTABLE,
        *([] if display is None else [display]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Statistics of many tracks make long lines.
        limit=16 * 1024 * 1024,
    )
    robot = Robot(process)
    try:
        await robot.started()
        yield cast(Browser, robot)
    finally:
        await robot.close()


class Robot:
    """``firefox.mjs``: a browser."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._pages: dict[int, Page] = {}
        self._started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read())

    async def started(self) -> str:
        """Wait until Firefox runs; give its version."""
        async with asyncio.timeout(PATIENCE):
            return await self._started

    async def new_context(self, permissions: Sequence[str] = (), viewport: object = None) -> Context:
        # Each page is in a context of its own, and its preferences permit everything.
        return Context(self)

    async def open(self, init_script: str | None) -> Page:
        page_id = len(self._pages)
        page = self._pages[page_id] = Page(self, page_id)
        await page.do("open", initScript=init_script)
        return page

    async def do(self, command: str, **data: Any) -> Any:
        """Have something done; give what came of it."""
        request_id = next(self._ids)
        future = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": request_id, "command": command, **data}).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            return await future

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._reader
                await self._process.wait()
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._heard(json.loads(line))
        gone = AssertionError("Firefox ended")
        for future in (self._started, *self._waiting.values()):
            if not future.done():
                future.set_exception(gone)

    def _heard(self, message: dict[str, Any]) -> None:
        if "version" in message:
            self._started.set_result(message["version"])
        elif "problem" in message:
            self._pages[message["page"]].report(message["problem"])
        elif not (future := self._waiting.pop(message["id"])).done():
            # One that is done was given up.
            if "error" in message:
                future.set_exception(AssertionError(message["error"]))
            else:
                future.set_result(message["value"])


class Context:
    """A browser of one person's own."""

    def __init__(self, robot: Robot) -> None:
        self._robot = robot
        self._init_scripts: list[str] = []

    async def add_init_script(self, script: str) -> None:
        self._init_scripts.append(script)

    async def new_page(self) -> Page:
        # Puppeteer takes a function's source.
        script = f"() => {{ {' '.join(self._init_scripts)} }}" if self._init_scripts else None
        return await self._robot.open(script)


class Page:
    """What one person looks at."""

    def __init__(self, robot: Robot, page_id: int) -> None:
        self._robot = robot
        self._id = page_id
        self._on_error: Callable[[str], None] = lambda problem: None

    def on(self, event: str, listener: Callable[[Any], None]) -> None:
        """Listen for errors. Those on the console are told as errors of the page."""
        if event == "pageerror":
            self._on_error = listener

    def report(self, problem: str) -> None:
        self._on_error(problem)

    async def goto(self, url: str) -> None:
        await self.do("goto", url=url)

    async def evaluate(self, expression: str) -> Any:
        return await self.do("evaluate", expression=expression)

    def get_by_test_id(self, test_id: str) -> Locator:
        return self.locator(f"[data-testid={test_id}]")

    def locator(self, selector: str) -> Locator:
        return Locator(self, selector)

    async def do(self, command: str, **data: Any) -> Any:
        return await self._robot.do(command, page=self._id, **data)


@dataclass(frozen=True, slots=True)
class Locator:
    """An element, once it is there."""

    page: Page
    selector: str

    async def click(self) -> None:
        await self.page.do("click", selector=self.selector)

    async def fill(self, text: str) -> None:
        await self.page.do("fill", selector=self.selector, text=text)

    async def wait_for(self) -> None:
        await self.page.do("wait", selector=self.selector)

    async def count(self) -> int:
        count: int = await self._evaluate("length")
        return count

    async def get_attribute(self, name: str) -> str | None:
        value: str | None = await self._evaluate(f"[0]?.getAttribute({json.dumps(name)})")
        return value

    async def inner_text(self) -> str:
        await self.wait_for()
        text: str = await self._evaluate("[0].innerText")
        return text

    async def _evaluate(self, what: str) -> Any:
        dot = "" if what.startswith("[") else "."
        return await self.page.evaluate(f"document.querySelectorAll({json.dumps(self.selector)}){dot}{what}")
