"""A display that nobody looks at: without one, a browser has no screen to share."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: Pixels, few since encoding is most of the work of these tests.
WIDTH, HEIGHT = 640, 480
#: Seconds for it to come up, or to go.
PATIENCE = 10.0


@asynccontextmanager
async def virtual_display() -> AsyncIterator[str]:
    """Have a display; gives what ``DISPLAY`` is to say."""
    process = await asyncio.create_subprocess_exec(
        "Xvfb",
        # It takes a number that is free, and tells it once it listens.
        "-displayfd",
        "1",
        "-nolisten",
        "tcp",
        "-screen",
        "0",
        f"{WIDTH}x{HEIGHT}x24",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # It complains of keys that no keyboard has.
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            number = (await process.stdout.readline()).decode().strip()
        assert number, "Xvfb ended"
        yield f":{number}"
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(PATIENCE):
            await process.wait()
