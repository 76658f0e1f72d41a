"""Video through pipes: key frames, and what of it nobody wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

import msgspec
import pytest

from app.mediasoup.consumer import Consumer
from app.mediasoup.producer import Producer
from app.mediasoup.rtp_parameters import RtpEncodingParameters, RtpParameters
from app.rtc import pipe_imports
from app.rtc.consumer_control import HIGHEST
from app.rtc.demand import NOTHING
from app.rtc.far_producer import FarProducer
from app.rtc.subscription_events import ProducersPaused
from tests.mediasoup.rtp import DELTA_FRAME, KEY_FRAME, VP8, VP9, Packet, vp8_packet, vp9_packet

from .fakes import until
from .pipe_places import MakePlace, Place, places

place = pytest.fixture(places, name="place")


class Camera:
    """Sends a picture on each stream every 20 ms: a key frame first, and whenever one is asked for."""

    def __init__(self, producer: Producer) -> None:
        self.producer = producer
        self.asked = 0
        self.number = 0
        self.ssrcs = [encoding.ssrc or 0 for encoding in producer.rtp_parameters.encodings]
        #: The streams on which it sends.
        self.layers = set(range(len(self.ssrcs)))

    def hear(self, rtcp: bytes) -> None:
        """Take in what the router says."""
        if rtcp[1] == 206 and rtcp[0] & 0x1F == 1:
            self.asked += 1
            layer = self.ssrcs.index(int.from_bytes(rtcp[8:12], "big"))
            if layer in self.layers:
                self._send(KEY_FRAME, [layer])

    def _send(self, payload: bytes, layers: Iterable[int]) -> None:
        for layer in layers:
            self.producer.send(vp8_packet(self.number, payload, self.ssrcs[layer]))
        self.number += 1

    async def run(self) -> None:
        """Send until it is cancelled."""
        while True:
            self._send(DELTA_FRAME if self.number else KEY_FRAME, tuple(self.layers))
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def filming(owner: Place, parameters: RtpParameters, kind: type[Camera] | None = None) -> AsyncIterator[Camera]:
    """Have a camera that sends all the time."""
    transport = await owner.router.create_direct_transport()
    camera = (kind or Camera)(await transport.produce(kind="video", rtp_parameters=parameters))
    transport.on_rtcp.add(camera.hear)
    running = asyncio.create_task(camera.run())
    try:
        yield camera
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.fixture
async def owner(place: MakePlace) -> Place:
    return await place("a/0")


@pytest.fixture
async def camera(owner: Place) -> AsyncIterator[Camera]:
    async with filming(owner, VP8) as camera:
        yield camera


@pytest.fixture
async def layered(owner: Place) -> AsyncIterator[Camera]:
    """A camera with three layers."""
    encodings = [RtpEncodingParameters(ssrc=2222 + layer, scalability_mode="L1T3") for layer in range(3)]
    async with filming(owner, msgspec.structs.replace(VP8, encodings=encodings)) as camera:
        yield camera


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
    consumer = await transport.consume(
        producer_id=far.local.id, rtp_capabilities=at.router.rtp_capabilities, paused=True
    )
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
async def test_what_another_part_wants_counts_as_one_consumers_wish(
    place: MakePlace, owner: Place, layered: Camera
) -> None:
    other = await place("b/0")
    producer, sender = layered.producer, Sender()
    owner.dynacast.watch(producer, sender, 0.0)
    await until(lambda: sender.told == [NOTHING])
    far = await fetch(other, owner, producer)
    local = far.local
    assert local is not None
    assert (local.type, len(local.rtp_parameters.encodings)) == ("simulcast", 3)
    # All of it as long as nobody has said anything, and nothing when nobody does.
    await until(lambda: flowing(owner) == [])
    await until(lambda: sender.told == [NOTHING, None, NOTHING])
    other.dynacast.want(local.id, "first", 0)
    await until(lambda: flowing(owner) == [0])
    await until(lambda: sender.told[3:] == [0])
    other.dynacast.want(local.id, "second", 1)
    await until(lambda: flowing(owner) == [0, 1])
    await until(lambda: sender.told[4:] == [1])
    other.dynacast.want(local.id, "second", HIGHEST)
    await until(lambda: flowing(owner) == [0, 1, 2])
    await until(lambda: sender.told[5:] == [None])
    other.dynacast.want(local.id, "first", NOTHING)
    other.dynacast.want(local.id, "second", NOTHING)
    await until(lambda: sender.told[6:] == [NOTHING])
    await until(lambda: flowing(owner) == [])
    # Its end is as if nothing was wanted.
    other.dynacast.want(local.id, "second", HIGHEST)
    await until(lambda: sender.told[7:] == [None])
    far.close()
    await until(lambda: sender.told[8:] == [NOTHING])


@pytest.mark.usefixtures("impatient")
async def test_layers_that_nobody_there_wants_are_not_sent_there(
    place: MakePlace, owner: Place, layered: Camera
) -> None:
    low, high = await place("b/0"), await place("c/0")
    far_low, far_high = await fetch(low, owner, layered.producer), await fetch(high, owner, layered.producer)
    assert far_low.local is not None and far_high.local is not None
    low.dynacast.want(far_low.local.id, "somebody", 0)
    high.dynacast.want(far_high.local.id, "somebody", HIGHEST)
    await until(lambda: sorted(flowing(owner)) == [0, 0, 1, 2])
    before = await arrived(far_low.local)
    others_before = await arrived(far_high.local)
    pictures = layered.number
    await until(lambda: layered.number > pictures + 10)
    after, others_after = await arrived(far_low.local), await arrived(far_high.local)
    assert after[0] > before[0]
    assert after[1:] == before[1:]
    assert all(later > earlier for later, earlier in zip(others_after, others_before, strict=True))


@pytest.mark.usefixtures("impatient")
async def test_a_layer_is_sent_again_as_soon_as_somebody_there_wants_it_and_begins_with_a_key_frame(
    place: MakePlace, owner: Place, layered: Camera
) -> None:
    other = await place("b/0")
    far = await fetch(other, owner, layered.producer)
    assert far.local is not None
    other.dynacast.want(far.local.id, "somebody", 0)
    await until(lambda: flowing(owner) == [0])
    _, _, before = await arrived(far.local)
    asked = layered.asked
    other.dynacast.want(far.local.id, "somebody", 2)
    await until(lambda: flowing(owner) == [0, 1, 2])

    async def the_highest() -> int:
        assert far.local is not None
        return (await arrived(far.local))[2]

    async with asyncio.timeout(1):
        while await the_highest() <= before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    # One for each of the two layers that begin, and none for the one that went on.
    assert layered.asked - asked == 2


async def test_a_layer_that_does_not_come_is_not_replaced_by_another_one(
    place: MakePlace, owner: Place, layered: Camera
) -> None:
    layered.layers = {0}
    other = await place("b/0")
    far = await fetch(other, owner, layered.producer)
    assert far.local is not None
    other.dynacast.want(far.local.id, "somebody", HIGHEST)
    # The worker takes a stream for gone that was silent for a while.
    await until(lambda: flowing(owner) == [0])
    before = await arrived(far.local)
    pictures = layered.number
    await until(lambda: layered.number > pictures + 10)
    after = await arrived(far.local)
    assert (after[0] > before[0], after[1:]) == (True, before[1:])
    layered.layers = {0, 1, 2}
    await until(lambda: flowing(owner) == [0, 1, 2])


class ScalableCamera(Camera):
    """Sends three layers as one stream."""

    def _send(self, payload: bytes, layers: Iterable[int]) -> None:
        picture = self.number // 3
        for layer in range(3):
            self.producer.send(vp9_packet(self.number, picture, layer, key=payload == KEY_FRAME))
            self.number += 1


@pytest.mark.usefixtures("impatient")
async def test_layers_of_one_stream_that_nobody_there_wants_are_left_out_of_it(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    async with filming(owner, VP9, ScalableCamera) as camera:
        far = await fetch(other, owner, camera.producer)
        assert far.local is not None
        assert far.local.type == "svc"
        other.dynacast.want(far.local.id, "somebody", 0)
        _, got = await watch(other, far)
        await until(lambda: got and [payload[-7:] for payload in got[-20:]] == [b"layer 0"] * 20)
        got.clear()
        asked = camera.asked
        other.dynacast.want(far.local.id, "somebody", 1)
        await until(lambda: b"layer 1" in [payload[-7:] for payload in got])
        assert camera.asked > asked
        other.dynacast.want(far.local.id, "somebody", HIGHEST)
        await until(lambda: b"layer 2" in [payload[-7:] for payload in got])
        other.dynacast.want(far.local.id, "somebody", NOTHING)
        (piped,) = pipe_consumers(owner)
        await until(lambda: piped.paused)
        other.dynacast.want(far.local.id, "somebody", 0)
        await until(lambda: not piped.paused)
        await until(lambda: {payload[-7:] for payload in got[-20:]} == {b"layer 0"})


def flowing(at: Place) -> list[int]:
    """The layers that go out through pipes."""
    consumers = [each for each in pipe_consumers(at) if each.preferred_layers is not None and not each.paused]
    return [each.preferred_layers.spatial_layer for each in consumers if each.preferred_layers is not None]


async def arrived(local: Producer) -> list[int]:
    """How many packets of each layer have come through a pipe."""
    counts = {each.ssrc: each.packet_count for each in await local.get_stats()}
    return [counts.get(encoding.ssrc or 0, 0) for encoding in local.rtp_parameters.encodings]


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
