"""Video through pipes: key frames, and what of it nobody wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from app.mediasoup.consumer import Consumer
from app.mediasoup.producer import Producer
from app.mediasoup.rtp_parameters import RtpEncodingParameters
from app.rtc import pipe_imports
from app.rtc.consumer_control import HIGHEST
from app.rtc.demand import NOTHING
from app.rtc.far_producer import FarProducer
from app.rtc.subscription_events import ProducersPaused
from tests.mediasoup.rtp import DELTA_FRAME, KEY_FRAME, VP8, Packet, vp8_packet

from .fakes import until
from .parameters import RECEIVER
from .pipe_places import MakePlace, Place, places

place = pytest.fixture(places, name="place")


class Camera:
    """Sends a picture every 20 ms: a key frame first, and whenever one is asked for."""

    def __init__(self, producer: Producer) -> None:
        self.producer = producer
        self.asked = 0
        self.number = 0

    def hear(self, rtcp: bytes) -> None:
        """Take in what the router says."""
        if rtcp[1] == 206 and rtcp[0] & 0x1F == 1:
            self.asked += 1
            self._send(KEY_FRAME)

    def _send(self, payload: bytes) -> None:
        self.producer.send(vp8_packet(self.number, payload))
        self.number += 1

    async def run(self) -> None:
        """Send until it is cancelled."""
        while True:
            self._send(DELTA_FRAME if self.number else KEY_FRAME)
            await asyncio.sleep(0.02)


@pytest.fixture
async def owner(place: MakePlace) -> Place:
    return await place("a/0")


@pytest.fixture
async def camera(owner: Place) -> AsyncIterator[Camera]:
    transport = await owner.router.create_direct_transport()
    camera = Camera(await transport.produce(kind="video", rtp_parameters=VP8))
    transport.on_rtcp.add(camera.hear)
    running = asyncio.create_task(camera.run())
    yield camera
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def fetch(at: Place, owner: Place, producer: Producer) -> FarProducer:
    """Have it at ``at``."""
    far = at.far(owner, producer)
    far.want(at, lambda: None)
    await until(lambda: far.local)
    return far


async def watch(at: Place, far: FarProducer) -> tuple[Consumer, list[bytes]]:
    """Consume it as clients do: nothing flows until they are ready."""
    assert far.local is not None
    transport, got = await at.router.create_direct_transport(), list[bytes]()
    consumer = await transport.consume(producer_id=far.local.id, rtp_capabilities=RECEIVER, paused=True)
    consumer.on_rtp.add(lambda packet: got.append(Packet.parse(packet).payload))
    await consumer.resume()
    return consumer, got


async def test_who_begins_to_watch_sees_a_key_frame_first_and_soon(
    place: MakePlace, owner: Place, camera: Camera
) -> None:
    other = await place("b/0")
    far = await fetch(other, owner, camera.producer)
    _, got = await watch(other, far)
    await until(lambda: got, seconds=1)
    assert got[0] == KEY_FRAME
    # And so does the next, who needs another one.
    await until(lambda: DELTA_FRAME in got)
    _, got = await watch(other, far)
    await until(lambda: got, seconds=1)
    assert got[0] == KEY_FRAME


async def test_many_who_begin_at_once_cost_the_sender_few_key_frames(
    place: MakePlace, owner: Place, camera: Camera
) -> None:
    other = await place("b/0")
    far = await fetch(other, owner, camera.producer)
    _, got = await watch(other, far)
    await until(lambda: DELTA_FRAME in got)
    before = camera.asked
    streams = [(await watch(other, far))[1] for _ in range(30)]
    await until(lambda: all(streams))
    assert {stream[0] for stream in streams} == {KEY_FRAME}
    assert camera.asked - before <= 4


async def test_what_comes_by_another_way_starts_anew_everywhere(place: MakePlace, owner: Place, camera: Camera) -> None:
    other = await place("b/0")
    far = await fetch(other, owner, camera.producer)
    _, got = await watch(other, far)
    await until(lambda: DELTA_FRAME in got)
    before = camera.asked
    owner.pipes.refresh(camera.producer.id)
    await until(lambda: camera.asked > before)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell the owner's part at once of what is not wanted any more."""
    monkeypatch.setattr(pipe_imports, "PATIENCE", 0.0)


class Sender:
    """The client whose producer it is: notes which layers are wanted, and that nothing is."""

    def __init__(self) -> None:
        self.told: list[int | None] = []

    def notify(self, event: ProducersPaused) -> None:
        for demand in event.producers:
            self.told.append(NOTHING if demand.paused else demand.max_spatial_layer)


@pytest.mark.usefixtures("impatient")
async def test_what_another_part_wants_counts_as_one_consumers_wish(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    encodings = [RtpEncodingParameters(ssrc=2222 + layer, scalability_mode="L1T3") for layer in range(3)]
    producer = await owner.produce(msgspec.structs.replace(VP8, encodings=encodings), "video")
    sender = Sender()
    owner.dynacast.watch(producer, sender, 0.0)
    await until(lambda: sender.told == [NOTHING])
    far = await fetch(other, owner, producer)
    local = far.local
    assert local is not None
    assert (local.type, len(local.rtp_parameters.encodings)) == ("simulcast", 3)
    consumer = next(each for each in pipe_consumers(owner) if each.producer_id == producer.id)
    # All of it as long as nobody has said anything, and nothing when nobody does.
    await until(lambda: consumer.paused)
    await until(lambda: sender.told == [NOTHING, None, NOTHING])
    other.dynacast.want(local.id, "first", 0)
    await until(lambda: not consumer.paused)
    await until(lambda: sender.told[3:] == [0])
    other.dynacast.want(local.id, "second", 1)
    await until(lambda: sender.told[4:] == [1])
    other.dynacast.want(local.id, "second", HIGHEST)
    await until(lambda: sender.told[5:] == [None])
    other.dynacast.want(local.id, "first", NOTHING)
    other.dynacast.want(local.id, "second", NOTHING)
    await until(lambda: sender.told[6:] == [NOTHING])
    await until(lambda: consumer.paused)
    # Its end is as if nothing was wanted.
    other.dynacast.want(local.id, "second", HIGHEST)
    await until(lambda: sender.told[7:] == [None])
    far.close()
    await until(lambda: sender.told[8:] == [NOTHING])


def pipe_consumers(at: Place) -> list[Consumer]:
    return [consumer for transport in at.router.transports.values() for consumer in transport.consumers.values()]


@pytest.mark.usefixtures("impatient")
async def test_nothing_is_sent_that_nobody_wants_and_a_key_frame_first_again(
    place: MakePlace, owner: Place, camera: Camera
) -> None:
    other = await place("b/0")
    far = await fetch(other, owner, camera.producer)
    assert far.local is not None
    other.dynacast.want(far.local.id, "somebody", 0)
    _, got = await watch(other, far)
    await until(lambda: DELTA_FRAME in got)
    other.dynacast.want(far.local.id, "somebody", NOTHING)
    (piped,) = pipe_consumers(owner)
    await until(lambda: piped.paused)
    sent = (await piped.get_stats())[0].packet_count
    before = camera.number
    await until(lambda: camera.number > before + 10)
    assert (await piped.get_stats())[0].packet_count == sent
    got.clear()
    other.dynacast.want(far.local.id, "somebody", 0)
    await until(lambda: got)
    assert got[0] == KEY_FRAME
