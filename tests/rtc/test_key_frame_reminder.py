"""A video whose first picture does not come is asked for again, until it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from loguru import logger

from app.mediasoup.consumer import Consumer
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpEncodingParameters
from app.mediasoup.worker import Worker
from app.rtc import key_frame_reminder
from app.rtc.consumer_control import ConsumerControl
from app.rtc.key_frame_reminder import KeyFrameReminder
from app.rtc.media_codecs import media_codecs
from app.rtc.tasks import TaskSet
from tests.mediasoup.rtp import DELTA_FRAME, KEY_FRAME, VP8, Packet, direct_transports

from .fakes import until
from .parameters import RECEIVER

LAYERED = msgspec.structs.replace(VP8, encodings=[RtpEncodingParameters(ssrc=2222, scalability_mode="L1T3")])


class Camera:
    """Sends a picture every few milliseconds; the answer to each request for a key frame ``deaf`` leaves out first."""

    def __init__(self, producer: Producer, deaf: int) -> None:
        self.producer, self.deaf, self.requests, self._number, self._whole = producer, deaf, 0, 0, True

    def asked(self, rtcp: bytes) -> None:
        # A picture loss indication (RFC 4585, 6.3.1).
        if rtcp[:2] == b"\x81\xce":
            self.requests += 1
            self._whole = self.requests > self.deaf

    async def run(self) -> None:
        while True:
            payload, self._whole = (KEY_FRAME if self._whole else DELTA_FRAME), False
            self._number += 1
            self.producer.send(bytes(Packet(112, self._number, 900 * self._number, 2222, payload)))
            await asyncio.sleep(0.01)


@pytest.fixture
async def router(worker: Worker) -> Router:
    return await worker.create_router(media_codecs=media_codecs(("VP8",)))


@pytest.fixture
async def tasks() -> AsyncIterator[TaskSet]:
    tasks = TaskSet()
    yield tasks
    tasks.cancel()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask soon, but not before the worker has asked for the last time."""
    monkeypatch.setattr(key_frame_reminder, "FIRST", 1.5)


async def watch(router: Router, tasks: TaskSet, *, deaf: int) -> tuple[Camera, Consumer]:
    """Have a camera, and a consumer that begins when its first key frame is gone by."""
    sender, receiver = await direct_transports(router)
    camera = Camera(await sender.produce(kind="video", rtp_parameters=LAYERED), deaf)
    sender.on_rtcp.add(camera.asked)
    tasks.start(camera.run(), name="camera")
    await until(lambda: camera._number > 5)
    consumer = await receiver.consume(producer_id=camera.producer.id, rtp_capabilities=RECEIVER, paused=True)
    return camera, consumer


async def test_a_sender_that_missed_what_the_worker_asked_is_asked_again(router: Router, tasks: TaskSet) -> None:
    camera, consumer = await watch(router, tasks, deaf=3)
    pictures: list[bytes] = []
    consumer.on_rtp.add(lambda packet: pictures.append(Packet.parse(packet).payload))
    KeyFrameReminder(ConsumerControl(consumer, logger, lambda _: None), tasks)
    await consumer.resume()
    await until(lambda: pictures)
    assert (pictures[0], camera.requests) == (KEY_FRAME, 4)
    assert consumer.current_layers is not None


async def test_who_sees_something_or_wants_nothing_asks_for_nothing(
    router: Router, tasks: TaskSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_frame_reminder, "FIRST", 0.05)
    camera, consumer = await watch(router, tasks, deaf=0)
    asked: list[Consumer] = []
    control = ConsumerControl(consumer, logger, lambda _: None)

    async def refresh() -> None:
        asked.append(consumer)

    monkeypatch.setattr(control, "refresh", refresh)
    KeyFrameReminder(control, tasks)
    # It flows for a while, and is paused: neither time there is anything to ask for.
    await consumer.resume()
    await until(lambda: consumer.current_layers)
    asked.clear()
    await asyncio.sleep(0.2)
    await consumer.pause()
    await until(lambda: consumer.current_layers is None)
    await asyncio.sleep(0.2)
    assert asked == []
    await camera.producer.pause()
    await consumer.resume()
    await asyncio.sleep(0.2)
    assert asked == []
    await camera.producer.resume()
    consumer.close()
    await asyncio.sleep(0.2)
    assert asked == []


async def test_it_asks_ever_less_often(router: Router, tasks: TaskSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_frame_reminder, "FIRST", 0.05)
    monkeypatch.setattr(key_frame_reminder, "LAST", 0.1)
    _, consumer = await watch(router, tasks, deaf=1_000_000)
    times: list[float] = []
    control = ConsumerControl(consumer, logger, lambda _: None)

    async def refresh() -> None:
        times.append(asyncio.get_running_loop().time())

    monkeypatch.setattr(control, "refresh", refresh)
    KeyFrameReminder(control, tasks)
    await consumer.resume()
    start = asyncio.get_running_loop().time()
    await until(lambda: len(times) == 4)
    gaps = [later - earlier for earlier, later in zip([start, *times], times, strict=False)]
    assert gaps[0] >= 0.04
    assert all(gap >= 0.09 for gap in gaps[1:])
