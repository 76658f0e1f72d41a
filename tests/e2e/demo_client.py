"""Somebody who comes with a client of mediasoup-demo's kind, see ``demo/demo.js``."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from playwright.async_api import Browser, ConsoleMessage

from .deployment import Deployment
from .network import watch
from .participant import Participant

BUILD = Path(__file__).parent / "demo/build.mjs"
#: An address of the server where nothing is going on: the client needs the server's origin, and runs there.
QUIET_PLACE = "/health/live"


@functools.cache
def script() -> str:
    """Bundle the page's script."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "demo.js"
        subprocess.run(["node", BUILD, output], check=True, timeout=60)
        return output.read_text()


class DemoParticipant(Participant):
    """One page in one room, which is not Connect's."""

    @classmethod
    async def come(
        cls, browser: Browser, deployment: Deployment, room: str, name: str, **transport_settings: Any
    ) -> Self:
        """
        Open the page, which joins at once; ``name`` is the peer's id, too.

        ``transport_settings`` are mediasoup-client's, such as ``iceServers``.
        """
        context = await browser.new_context(permissions=["camera", "microphone"], bypass_csp=True)
        await watch(context)
        person = cls(await context.new_page(), name)
        query = {"roomId": room, "peerId": name, "transportSettings": json.dumps(transport_settings)}
        await person.page.goto(f"{deployment.url}{QUIET_PLACE}?{urlencode(query)}")
        await person.page.evaluate(script())
        await person.until_joined()
        return person

    def _console(self, message: ConsoleMessage) -> None:
        # The quiet place has no icon.
        if not message.location["url"].endswith("/favicon.ico"):
            super()._console(message)

    async def do(self, call: str) -> Any:
        """Call one of the client's methods, and await it."""
        return await self.page.evaluate(f"window.demo.{call}")

    async def until_receives(self, other: Participant, *kinds: str) -> None:
        """Wait until just these kinds of media come from the other one, and are not paused."""
        peer_id = await other.peer_id()

        async def receives(_: Participant) -> bool:
            return bool(await self.do(f"heardOf({json.dumps(peer_id)})") == sorted(kinds))

        await self.until(receives, f"receives {kinds} of {other.name}")

    async def until_can_chat_with(self, other: DemoParticipant) -> None:
        """Wait until words find a way to the server, and those of the other one a way from there."""
        await self.until(lambda person: person.do(f"canChatWith('{other.name}')"), f"can chat with {other.name}")
