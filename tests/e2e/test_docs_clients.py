"""The three clients of docs/clients.md: they are run as they stand there, in one room."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page

from .deployment import ROOT, Deployment
from .participant import PATIENCE

GUIDE = (ROOT / "docs/clients.md").read_text()
BUNDLE = Path(__file__).with_name("bundle.mjs")
#: An address of the server where nothing is going on: browsers give cameras to pages of localhost.
QUIET_PLACE = "/health/live"
ARRIVES = "[...document.querySelectorAll('video')].filter(({ videoWidth }) => videoWidth > 0).length"


class Client:
    """One of the programs, and the lines that it printed."""

    def __init__(self, page: Page | None = None) -> None:
        self.page = page
        self.lines: list[str] = []

    async def until_printed(self, *lines: str) -> None:
        async def printed() -> bool:
            return set(lines) <= set(self.lines)

        await until(printed, f"all of {lines}")

    async def until_printed_videos(self, count: int) -> None:
        async def printed() -> bool:
            return sum(" sends " in line for line in self.lines) == count

        await until(printed, f"{count} videos")

    async def until_shows(self, count: int) -> None:
        """Wait until this many videos of others are shown."""

        async def shows() -> bool:
            assert self.page is not None
            return bool(await self.page.evaluate(ARRIVES) == count)

        await until(shows, f"{count} videos")


async def test_the_three_clients_see_and_hear_each_other(
    browser: Browser, deployment: Deployment, tmp_path: Path
) -> None:
    programs = programs_for(deployment, tmp_path)
    ada = await come(browser, deployment, programs["connect-client.ts"])
    await ada.until_printed("Ada: Hello")
    max_ = await come(browser, deployment, programs["mediasoup-client.js"])
    await max_.until_printed("Ada: Hello", "Max: Hello")
    async with running(programs["pymediasoup_client.py"]) as pia:
        for client in (ada, max_, pia):
            await client.until_printed("Ada: Hello", "Max: Hello", "Pia: Hello")
        for client in (ada, max_):
            await client.until_shows(2)
        await pia.until_printed_videos(2)
    for client in (ada, max_):
        await client.until_shows(1)


def programs_for(deployment: Deployment, directory: Path) -> dict[str, Path]:
    """Write down the guide's programs, for this server."""
    programs = {}
    for name, program in re.findall(r"```\w+\n(?://|#) ([\w.-]+)\n(.*?)```", GUIDE, re.DOTALL):
        programs[name] = directory / name
        programs[name].write_text(program.replace("localhost:3000", f"localhost:{deployment.port}"))
    return programs


async def come(browser: Browser, deployment: Deployment, script: Path) -> Client:
    """Run a script in a page of its own."""
    bundle = script.with_suffix(".bundle.js")
    await asyncio.to_thread(run_bundler, script, bundle)
    context = await browser.new_context(permissions=["camera", "microphone"], bypass_csp=True)
    client = Client(await context.new_page())
    assert client.page is not None
    client.page.on("console", lambda message: client.lines.append(message.text))
    await client.page.goto(f"{deployment.url}{QUIET_PLACE}")
    await client.page.add_script_tag(content=bundle.read_text(), type="module")
    return client


def run_bundler(script: Path, bundle: Path) -> None:
    subprocess.run(["node", BUNDLE, script, bundle], check=True, timeout=60)


@asynccontextmanager
async def running(script: Path) -> AsyncIterator[Client]:
    """Run a program of Python's to the end of the block."""
    process = await asyncio.create_subprocess_exec(sys.executable, script, stdout=asyncio.subprocess.PIPE)
    client = Client()
    reader = asyncio.create_task(read(process, client))
    try:
        yield client
    finally:
        process.kill()
        await reader
        await process.wait()


async def read(process: asyncio.subprocess.Process, client: Client) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        client.lines.append(line.decode().strip())


async def until(is_so: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not await is_so():
        assert asyncio.get_running_loop().time() < deadline, f"never: {what}"
        await asyncio.sleep(0.1)
