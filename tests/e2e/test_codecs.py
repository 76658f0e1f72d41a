"""A room chooses the codec of its videos."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from .deployment import Deployment
from .participant import Participant, they_see_each_other
from .small import SmallParticipant, slow_browser

#: The codecs of what a page gets from all.
CODECS = "connect.totals().then(({ received }) => Object.values(received).map(({ codec }) => codec))"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with slow_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def token(deployment: Deployment) -> str:
    return deployment.sign_up("Olga")[1]


@pytest.mark.parametrize("codec", ["VP8", "VP9", "H264", "AV1"])
async def test_people_see_each_other_by_the_rooms_codec(
    browser: Browser, deployment: Deployment, token: str, codec: str
) -> None:
    body = {"name": codec, "codecs": ["opus", codec.lower()]}
    room = deployment.api("POST", "/rooms", body, token)["code"]
    ada, bob = [await SmallParticipant.enter(browser, deployment, room, name) for name in ("Ada", "Bob")]
    await they_see_each_other(ada, bob)

    async def gets_it(person: Participant) -> bool:
        codecs = await person.page.evaluate(CODECS)
        return codec in codecs and set(codecs) <= {codec, "opus", None}

    await bob.until(gets_it, f"gets {codec}")
    assert ada.problems + bob.problems == []


async def test_sound_is_sent_with_error_correction_and_without_silence(
    browser: Browser, deployment: Deployment
) -> None:
    ada, bob = [await SmallParticipant.enter(browser, deployment, "opus", name) for name in ("Ada", "Bob")]
    await ada.toggle("mic")
    await bob.hears(ada)
    lines = await ada.page.evaluate(
        "connect.sendStats().then((all) => [...all.get('microphone').values()]"
        ".filter(({ type }) => type === 'codec').map(({ sdpFmtpLine }) => sdpFmtpLine))"
    )
    assert any({"usedtx=1", "useinbandfec=1"} <= set(line.split(";")) for line in lines), json.dumps(lines)
