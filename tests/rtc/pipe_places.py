"""Parts of a room with real workers, and a bus between them: where pipes go."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from loguru import logger

from app.bus.in_process import InProcessBus, InProcessHub
from app.config import Settings
from app.mediasoup.consumer import Consumer
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.pipe_transport import PipeTransport
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpParameters
from app.mediasoup.worker import Worker, WorkerSettings
from app.rtc.bus import Node
from app.rtc.dynacast import Dynacast
from app.rtc.facts import DataProducerFact, ProducerFact
from app.rtc.far_producer import FarDataProducer, FarProducer
from app.rtc.media_codecs import media_codecs
from app.rtc.pipe_requests import serve_pipes
from app.rtc.pipes import Pipes
from tests.mediasoup.rtp import OPUS, Packet, opus_packet

from .parameters import RECEIVER

ROOM = "kitchen"


def node(id: str) -> Node:
    """Describe a node as far as anybody asks here."""
    return Node(id=id, epoch=1, region="", url=None, media_ip="127.0.0.1", version="1")


class Place:
    """A part of the room: ``part_id``, in a worker of its own unless another place lends it."""

    def __init__(
        self, part_id: str, bus: InProcessBus, worker: Worker, router: Router, *, linger: float, most: int
    ) -> None:
        self.part_id = part_id
        self.bus = bus
        self.worker = worker
        self.router = router
        self.dynacast = Dynacast()
        settings = Settings()
        limits = dataclasses.replace(settings.limits, max_pipes_per_router=most)
        self._settings = dataclasses.replace(settings, limits=limits)
        self._linger = linger
        self.pipes = self.new_pipes()

    def new_pipes(self) -> Pipes:
        """Have pipes as another process would."""
        self.pipes = Pipes(
            ROOM,
            self.part_id,
            lambda: self.router,
            self.bus,
            self.dynacast,
            self._settings,
            logger.bind(part=self.part_id),
            linger=self._linger,
        )
        return self.pipes

    def far(self, owner: Place, producer: Producer) -> FarProducer:
        """Know of what another part sends."""
        encodings = len(producer.rtp_parameters.encodings)
        fact = ProducerFact(
            id=producer.id,
            kind=producer.kind,
            type=producer.type,
            codec=producer.rtp_parameters.codecs[0].mime_type,
            app_data=producer.app_data,
            paused=producer.paused,
            top_layer=encodings - 1,
        )
        return self.pipes.far_producer(owner.part_id, fact)

    def far_data(self, owner: Place, producer: DataProducer) -> FarDataProducer:
        """Know of a data channel of another part."""
        fact = DataProducerFact(id=producer.id, label=producer.label, app_data=producer.app_data)
        return self.pipes.far_data_producer(owner.part_id, fact)

    async def produce(self, parameters: RtpParameters = OPUS, kind: Any = "audio", **app_data: Any) -> Producer:
        """Send from a program of ours."""
        transport = await self.router.create_direct_transport()
        return await transport.produce(kind=kind, rtp_parameters=parameters, app_data=app_data)

    async def pipe_transports(self) -> list[str]:
        """Ask the worker for all transports, and leave out those that are no ends of pipes."""
        others = {id for id, each in self.router.transports.items() if not isinstance(each, PipeTransport)}
        return [id for id in (await self.router.dump()).transport_ids if id not in others]

    async def receivers_of(self, producer_id: str) -> int:
        """Ask the worker how many consumers a producer has here."""
        return len((await self.router.dump()).map_producer_id_consumer_ids.get(producer_id, []))


class Listener:
    """Wants something of another part, and writes down the packets that come of it."""

    def __init__(self, place: Place, far: FarProducer) -> None:
        self.place = place
        self.far = far
        self.got: list[bytes] = []
        self.consumers: list[Consumer] = []

    async def listen(self) -> None:
        """Consume it, now that it is here."""
        assert self.far.local is not None
        transport = await self.place.router.create_direct_transport()
        consumer = await transport.consume(producer_id=self.far.local.id, rtp_capabilities=RECEIVER)
        consumer.on_rtp.add(lambda packet: self.got.append(Packet.parse(packet).payload))
        self.consumers.append(consumer)


def speak(producer: Producer, first: int, count: int) -> list[bytes]:
    """Send so many packets, and give what is in them."""
    for number in range(first, first + count):
        producer.send(opus_packet(number))
    return [b"opus %03d" % number for number in range(first, first + count)]


#: Makes a place; see :func:`places` for what it takes.
MakePlace = Callable[..., Awaitable[Place]]


async def places() -> AsyncIterator[MakePlace]:
    """Give what makes places, each in a worker of its own unless ``beside`` another; several may be on one node."""
    hub, buses, made, workers = InProcessHub(), dict[str, InProcessBus](), dict[str, Place](), list[Worker]()

    async def find(node_id: str, number: int) -> Pipes | None:
        place = made.get(f"{node_id}/{number}")
        return None if place is None else place.pipes

    async def bus_of(node_id: str) -> InProcessBus:
        if node_id not in buses:
            bus = buses[node_id] = InProcessBus(node_id, lambda: node(node_id), hub)
            serve_pipes(bus, lambda _, number: find(node_id, number))
            await bus.start()
        return buses[node_id]

    async def make(part_id: str, *, beside: Place | None = None, linger: float = 0.2, most: int = 8) -> Place:
        if beside is None:
            workers.append(await Worker.spawn(WorkerSettings(log_level="warn")))
        worker = workers[-1] if beside is None else beside.worker
        router = await worker.create_router(media_codecs=media_codecs(None))
        place = Place(part_id, await bus_of(part_id.split("/")[0]), worker, router, linger=linger, most=most)
        made[part_id] = place
        return place

    yield make
    for place in made.values():
        place.pipes.close()
        place.dynacast.close()
    for bus in buses.values():
        await bus.close()
    for worker in workers:
        worker.close()
        await worker.wait_exited()
