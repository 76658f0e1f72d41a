"""What is shown may have a sound, which the others hear as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from .deployment import Deployment
from .participant import Participant
from .small import SmallParticipant, slow_browser

#: What browsers do to voices, and to this only when they are asked to.
VOICE_PROCESSING = """(({ echoCancellation, noiseSuppression, autoGainControl }) => [
    echoCancellation, noiseSuppression, autoGainControl
])(connect.media.state.get().screenAudio.track.getSettings())"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with slow_browser() as browser:
        yield browser


async def test_the_sound_of_a_screen_is_heard_while_it_is_shown(browser: Browser, deployment: Deployment) -> None:
    ada, bob, cleo = [
        await SmallParticipant.enter(browser, deployment, "sound", name) for name in ("Ada", "Bob", "Cleo")
    ]
    # Their microphones are off: there is nothing else to hear.
    await ada.toggle("screen")
    for other in (bob, cleo):
        await until_louder(other, ada)
        await other.until_tile(ada, "muted", "true")
        assert await other.page.locator("audio").count() == 1
    assert await ada.page.evaluate(VOICE_PROCESSING) == [False, False, False]

    await ada.toggle("screen")
    for other in (bob, cleo):
        await other.page.locator("audio").wait_for(state="detached")
    assert ada.problems + bob.problems + cleo.problems == []


async def until_louder(person: Participant, other: Participant) -> None:
    """Wait until more of the sound of the other's screen has come than had by now."""
    before = await energy(person, other)

    async def louder(_: Participant) -> bool:
        return await energy(person, other) > before + 1e-3

    await person.until(louder, f"hears the screen of {other.name}")


async def energy(person: Participant, other: Participant) -> float:
    """Say how much of the sound of the other's screen has come; a beep is some hundredths."""
    received: float = (await person.received_from(other, "screen_share_audio")).get("totalAudioEnergy", 0)
    return received
