"""What goes wrong is repaired in Firefox, too: its connection, its way for media, the worker at the other end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from .deployment import Deployment
from .firefox import launch_firefox
from .line import Line
from .participant import Participant, they_see_each_other
from .test_resume import SEES_ANEW, WATCH
from .test_worker_death import worker_of

ROOM = "firefox-trouble"
#: Keeps the methods of all that the page asks for.
LISTEN = """{
window.asked = [];
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (data) {
    asked.push(JSON.parse(data).method);
    return send.call(this, data);
};
}"""


@pytest.fixture
async def line(deployment: Deployment) -> AsyncIterator[Line]:
    async with Line(deployment.port) as line:
        yield line


async def test_firefox_comes_back_and_goes_on(browser: Browser, deployment: Deployment, line: Line) -> None:
    async with launch_firefox() as firefox:
        foxy = await Participant.arrive(firefox, f"{line.url}/r/{ROOM}", "Foxy")
        await foxy.join()
        ada = await Participant.enter(browser, deployment, ROOM, "Ada")
        await they_see_each_other(foxy, ada)
        await foxy.page.evaluate(f"({WATCH})()")
        await foxy.page.evaluate(LISTEN)

        line.cut()
        await line.mend()
        await foxy.until(lambda person: person.page.evaluate("seen.events.includes('resumed')"), "is back")
        await they_see_each_other(foxy, ada)

        await foxy.page.evaluate("void dispatchEvent(new Event('online'))")
        await foxy.until(lambda person: has_restarted(person, 2), "asked for another way, there and back")
        await they_see_each_other(foxy, ada)

        before = [[entry["consumerId"] for entry in await person.received()] for person in (foxy, ada)]
        slot = worker_of(deployment, ROOM)
        os.kill(next(worker["pid"] for worker in deployment.workers() if worker["slot"] == slot), signal.SIGKILL)
        await asyncio.gather(
            *(
                person.page.evaluate(f"({SEES_ANEW})({json.dumps([old, [other.name]])})")
                for person, old, other in ((foxy, before[0], ada), (ada, before[1], foxy))
            )
        )
        await ada.hears(foxy)
        # It was in the call all the time.
        assert await foxy.page.evaluate("seen.events") == ["resumed"]
        assert set(await foxy.page.evaluate("seen.peers")) == {"Ada"}
        assert ada.problems == []


async def has_restarted(person: Participant, times: int) -> bool:
    return bool(await person.page.evaluate("asked.filter((method) => method === 'restartIce').length") == times)
