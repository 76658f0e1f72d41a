"""
Real media through real workers: what ffmpeg sends in real time, counted and decoded where it comes out.

A plain transport receives it. It comes out of the same router and, through a pipe, of one in another worker: as UDP of
a plain transport, and in Python of a direct one. A consumer gets video from a key frame on only; all of them are there
before ffmpeg starts, and it starts with one, so that every packet counts at every end, from the first to the last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from app.mediasoup.consumer import Consumer
from app.mediasoup.data_structures import ListenInfo
from app.mediasoup.plain_transport import PlainTransport
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import MediaKind, RtpCapabilities, RtpCodecCapability, RtpParameters
from app.mediasoup.srtp_parameters import SrtpParameters
from app.mediasoup.worker import Worker, WorkerSettings

from .conftest import MEDIA_CODECS
from .events import until
from .ffmpeg import (
    Clip,
    Medium,
    Sent,
    decode,
    free_even_port,
    make_clip,
    read_farewells,
    rtp_output,
    send,
    somebody_listens,
)
from .rtp import OPUS, VP8, Packet
from .test_plain_transport import KEY_30
from .udp import RECEIVE_BUFFER, UdpEndpoint, udp_endpoint

#: With room for the whole clip: who is late in reading, on a busy machine, loses nothing by it.
ROOMY = ListenInfo(protocol="udp", ip="127.0.0.1", recv_buffer_size=RECEIVE_BUFFER)

SENT: dict[MediaKind, RtpParameters] = {"video": VP8, "audio": OPUS}

#: An endpoint that only listens: without RTCP feedback nothing is sent again, and nothing held back for a bandwidth.
PLAYER = RtpCapabilities(
    codecs=[
        RtpCodecCapability(
            kind="audio", mime_type="audio/opus", preferred_payload_type=100, clock_rate=48000, channels=2
        ),
        RtpCodecCapability(kind="video", mime_type="video/VP8", preferred_payload_type=101, clock_rate=90000),
    ]
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stream of ffmpeg goes in, and what it is in the other router."""

    transport: PlainTransport
    producer: Producer
    piped: Producer

    @property
    def ssrc(self) -> int | None:
        return self.producer.rtp_parameters.encodings[0].ssrc

    def output(self, *, rtcp_port: int, key: SrtpParameters | None = None) -> list[str]:
        """Have ffmpeg send the stream here, and its RTCP to a port of ours."""
        # RTCP comes before RTP and from another port: a transport with comedia would take that for the other end.
        port = self.transport.tuple.local_port
        return rtp_output(self.producer.rtp_parameters, port=port, rtcp_port=rtcp_port, key=key)


@dataclass(frozen=True, slots=True)
class End:
    """Where a stream comes out, with all the datagrams that come there."""

    consumer: Consumer
    received: list[bytes]

    def packets(self) -> list[Packet]:
        """Give those that are packets of this stream."""
        payload_type = self.consumer.rtp_parameters.codecs[0].payload_type
        return [Packet.parse(data) for data in self.received if data[1] & 0x7F == payload_type]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    clip = make_clip(tmp_path_factory.mktemp("clip"))
    assert len(clip.frames["video"]) == 50
    assert len(clip.frames["audio"]) >= 100
    return clip


@pytest.fixture
async def far() -> AsyncIterator[Router]:
    """A router of another worker."""
    worker = await Worker.spawn(WorkerSettings(log_level="warn"))
    yield await worker.create_router(media_codecs=MEDIA_CODECS)
    worker.close()
    assert await worker.wait_exited() is not None


async def make_sources(router: Router, far: Router, *, key: SrtpParameters | None = None) -> list[Source]:
    """Receive video and audio, each from a port of its own, and pipe both; all of it encrypted if there is a key."""
    sources = []
    for kind, parameters in SENT.items():
        transport = await router.create_plain_transport(listen_info=ROOMY, comedia=True, enable_srtp=key is not None)
        if key is not None:
            await transport.connect(srtp_parameters=key)
        producer = await transport.produce(kind=kind, rtp_parameters=parameters)
        piped = await router.pipe_to_router(
            producer_id=producer.id, router=far, listen_info=ROOMY, enable_srtp=key is not None
        )
        sources.append(Source(transport, producer, piped.pipe_producer))
    return sources


async def make_ends(router: Router, producer: Producer, listener: UdpEndpoint) -> list[End]:
    """Send a stream of a router out twice, by UDP and into Python."""
    plain = await router.create_plain_transport(listen_info=ROOMY)
    await plain.connect(ip="127.0.0.1", port=listener.port)
    by_udp = await plain.consume(producer_id=producer.id, rtp_capabilities=PLAYER)
    direct = await router.create_direct_transport()
    in_python = await direct.consume(producer_id=producer.id, rtp_capabilities=PLAYER)
    received: list[bytes] = []
    in_python.on_rtp.add(received.append)
    return [End(by_udp, listener.received), End(in_python, received)]


async def test_each_packet_of_ffmpeg_comes_out_once_and_in_order_at_every_end(
    router: Router, far: Router, clip: Clip
) -> None:
    sources = await make_sources(router, far)
    async with udp_endpoint() as here, udp_endpoint() as there, udp_endpoint() as reports:
        ends = [
            [*await make_ends(router, source.producer, here), *await make_ends(far, source.piped, there)]
            for source in sources
        ]
        await send(clip, [source.output(rtcp_port=reports.port) for source in sources])
        await until(lambda: len(read_farewells(reports.received)) == len(sources))
        farewells = read_farewells(reports.received)
        for source, its_ends in zip(sources, ends, strict=True):
            await arrived_whole(source, its_ends, farewells[source.ssrc or 0])


async def arrived_whole(source: Source, ends: list[End], sent: Sent) -> None:
    """Check what the workers counted and what came out against what ffmpeg says that it sent."""
    assert sent.packets >= 100
    with suppress(TimeoutError):
        # Should it not all come, what follows tells what is missing and where.
        await until(lambda: all(len(end.packets()) >= sent.packets for end in ends))
    for producer in (source.producer, source.piped):
        (stats,) = await producer.get_stats()
        assert (stats.packet_count, stats.packets_lost, stats.packets_discarded) == (sent.packets, 0, 0)
    for end in ends:
        # The worker has sent no more than has arrived, so that nothing more is on its way.
        assert (await end.consumer.get_stats())[0].packet_count == sent.packets
        packets = end.packets()
        first = packets[0].sequence_number
        assert [(packet.sequence_number - first) % 65_536 for packet in packets] == list(range(sent.packets))
        assert sum(len(packet.payload) for packet in packets) == sent.payload_bytes
        assert [packet.payload for packet in packets] == [packet.payload for packet in ends[0].packets()]


@pytest.mark.parametrize("key", [None, KEY_30], ids=["rtp", "srtp"])
async def test_what_comes_out_of_another_worker_is_decoded_to_the_same_pictures_and_sounds(
    router: Router, far: Router, clip: Clip, key: SrtpParameters | None
) -> None:
    """With SRTP all of the way is encrypted: from ffmpeg, through the pipe, and to ffmpeg."""
    sources = await make_sources(router, far, key=key)
    media = await make_media(far, [source.piped for source in sources], key)
    async with udp_endpoint() as reports, asyncio.TaskGroup() as group:
        decoding = {
            medium.kind: group.create_task(decode(medium, frames=len(clip.frames[medium.kind]))) for medium in media
        }
        await until(lambda: all(somebody_listens(medium.port) for medium in media))
        await send(clip, [source.output(rtcp_port=reports.port, key=key) for source in sources])
    assert {kind: task.result() for kind, task in decoding.items()} == clip.frames


async def make_media(router: Router, producers: list[Producer], key: SrtpParameters | None) -> list[Medium]:
    """Send streams of a router to ports where nobody listens yet; the other end has that key."""
    media = []
    for producer in producers:
        port = free_even_port()
        plain = await router.create_plain_transport(listen_info=ROOMY, rtcp_mux=False, enable_srtp=key is not None)
        await plain.connect(ip="127.0.0.1", port=port, rtcp_port=port + 1, srtp_parameters=key)
        consumer = await plain.consume(producer_id=producer.id, rtp_capabilities=PLAYER)
        media.append(Medium(consumer.kind, consumer.rtp_parameters.codecs[0], port, plain.srtp_parameters))
    return media
