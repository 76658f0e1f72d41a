"""The program of docs/clients.md that sends a file with ffmpeg: people see and hear it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.mediasoup.ffmpeg import COMMAND

from .deployment import Deployment
from .participant import PATIENCE, Participant
from .plain_speaker import NETWORKS, plain_ports
from .test_docs_clients import programs_for

#: How long the film is. Then the program ends by itself.
SECONDS = 12


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with Deployment(
        tmp_path, workers=1, CONNECT_PLAIN_NETWORKS=NETWORKS, CONNECT_PLAIN_PORTS=plain_ports()
    ) as deployment:
        yield deployment


async def test_people_see_and_hear_a_file(browser: Browser, deployment: Deployment, tmp_path: Path) -> None:
    _, owner = deployment.sign_up("Ada")
    room = deployment.api("POST", "/rooms", {"name": "Cinema", "access": "anyone"}, owner)["code"]
    key = deployment.api("POST", "/api-keys", {"name": "Cinema"}, owner)
    ada = await Participant.enter(browser, deployment, room, "Ada")
    film = tmp_path / "film.mkv"
    await make_film(film)
    program = programs_for(deployment, tmp_path)["ffmpeg_client.py"]
    environment = {**os.environ, "ROOM": room, "API_KEY": key["id"], "API_SECRET": key["secret"]}
    # What it starts is of its session.
    process = await asyncio.create_subprocess_exec(
        sys.executable, program, film, env=environment, start_new_session=True
    )
    try:
        await ada.until(sees_and_hears, "sees and hears the film")
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    await ada.until_tiles(1)


async def sees_and_hears(person: Participant) -> bool:
    received = {each["kind"]: each for each in await person.received() if each["peerId"] == "cinema"}
    return (
        received.keys() == {"audio", "video"}
        and received["video"]["framesDecoded"] > 50
        and received["audio"]["totalAudioEnergy"] > 0
    )


async def make_film(path: Path) -> None:
    inputs = (
        *("-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=25:duration={SECONDS}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={SECONDS}"),
    )
    process = await asyncio.create_subprocess_exec(*COMMAND, *inputs, "-c:v", "mpeg4", "-c:a", "flac", str(path))
    assert await process.wait() == 0
