"""What is wished of one consumer, and the one task that has the worker follow."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from app.mediasoup.consumer import Consumer
from app.mediasoup.data_structures import ConsumerLayers
from app.mediasoup.errors import MediasoupError
from app.mediasoup.ortc import has_av1_layers
from app.mediasoup.rtp_parameters import RtpParameters
from app.mediasoup.supported_rtp_capabilities import DEPENDENCY_DESCRIPTOR

if TYPE_CHECKING:
    from loguru import Logger

#: The worker takes the highest layer that there is for one that is higher.
HIGHEST = 255
#: All temporal layers of the smallest size.
SMALLEST = ConsumerLayers(spatial_layer=0, temporal_layer=HIGHEST)


class Pause(enum.Enum):
    """Why nothing is sent. A consumer flows when no reason is left."""

    #: The client has not confirmed it yet.
    NEW = "new"
    #: The client paused it.
    CLIENT = "client"
    #: The client says that nobody looks.
    HIDDEN = "hidden"
    #: Others spoke more recently than its owner, and there is not room for all.
    SUSPENDED = "suspended"


def can_tell_layers_apart(parameters: RtpParameters) -> bool:
    """
    Whether who receives this can decode more than its smallest size.

    AV1's larger ones take the dependency descriptor, which old browsers, and programs, may not know.
    """
    extensions = [extension.uri for extension in parameters.header_extensions]
    return DEPENDENCY_DESCRIPTOR in extensions or not has_av1_layers(parameters)


class ConsumerControl:
    """
    Wishes change at any time, and at once; the worker follows them one request after the other, so that of many
    changes it sees the last. A wish that it refuses is given up and its error goes to who waits in :meth:`settled`.

    ``on_change`` is called with every wish. ``pauses`` and ``layers`` are what the worker knows already.
    """

    def __init__(
        self,
        consumer: Consumer,
        log: Logger,
        on_change: Callable[[ConsumerControl], None],
        *,
        pauses: Iterable[Pause] = (Pause.NEW,),
        layers: ConsumerLayers | None = None,
    ) -> None:
        self.consumer = consumer
        self._log = log
        self._on_change = on_change
        self._pauses = set(pauses)
        self._asked_layers = layers
        self._only_smallest = not can_tell_layers_apart(consumer.rtp_parameters)
        self._layers = self._limited(layers)
        self._priority = consumer.priority
        self._task: asyncio.Task[None] | None = None

    @property
    def layers(self) -> ConsumerLayers | None:
        """The highest layers that the client wants and can decode, ``None`` for all."""
        return self._layers

    def paused_for(self, reason: Pause) -> bool:
        """Whether this is one of the reasons for which nothing is sent."""
        return reason in self._pauses

    @property
    def wanted(self) -> bool:
        """Whether anything is to be sent, now or once the client is ready."""
        return self._pauses <= {Pause.NEW}

    def pause(self, reason: Pause, paused: bool = True) -> None:
        """Add a reason to send nothing, or take it back."""
        before = self._pauses
        self._pauses = before | {reason} if paused else before - {reason}
        if self._pauses != before:
            self._follow()

    def prefer(self, layers: ConsumerLayers | None) -> None:
        """Have these layers sent at most; audio, and video of one layer, have none to choose."""
        if (layers := self._limited(layers)) != self._layers:
            self._layers = layers
            self._follow()

    def prioritize(self, priority: int) -> None:
        """Have its share of the bandwidth given out earlier (up to 255) or later (1) than others' shares."""
        if priority != self._priority:
            self._priority = priority
            self._follow()

    async def refresh(self) -> None:
        """Have video that flows go on with a key frame."""
        consumer = self.consumer
        if consumer.kind == "audio" or consumer.paused or consumer.closed:
            return
        try:
            await consumer.request_key_frame()
        except MediasoupError as error:
            if not consumer.closed:
                self._log.info("consumer {} gets no key frame: {}", consumer.id, error)

    async def settled(self) -> None:
        """
        Wait until the worker has followed.

        :raises MediasoupError: it refused
        """
        # Others may wait for the same task.
        await asyncio.shield(self._running())

    def _limited(self, layers: ConsumerLayers | None) -> ConsumerLayers | None:
        if not self._only_smallest or (layers is not None and layers.spatial_layer == 0):
            return layers
        return SMALLEST if layers is None else replace(layers, spatial_layer=0)

    def _follow(self) -> None:
        if not self.consumer.closed:
            self._running()
            self._on_change(self)

    def _running(self) -> asyncio.Task[None]:
        """Give the task that follows, a new one if the last has ended."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._reconcile(), name=f"settling consumer {self.consumer.id}")
            self._task.add_done_callback(self._followed)
        return self._task

    def _followed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self.consumer.closed:
            # Who waits hears of it, too. A pause that was refused is tried again with the next wish.
            self._log.info("consumer {} is not as wished: {}", self.consumer.id, error)

    async def _reconcile(self) -> None:
        try:
            while not self.consumer.closed and (step := self._next_step()) is not None:
                await step
        except MediasoupError:
            self._accept_what_is()
            raise

    def _next_step(self) -> Awaitable[None] | None:
        """Give the request that brings the worker nearer to the wishes. Layers come before the flow that they shape."""
        consumer, paused = self.consumer, bool(self._pauses)
        if self._priority != consumer.priority:
            return consumer.set_priority(self._priority)
        if self._layers != self._asked_layers:
            return self._ask_layers()
        if paused != consumer.paused:
            return consumer.pause() if paused else consumer.resume()
        return None

    async def _ask_layers(self) -> None:
        layers = self._asked_layers = self._layers
        if layers is None:
            await self.consumer.set_preferred_layers(spatial_layer=HIGHEST, temporal_layer=HIGHEST)
        else:
            await self.consumer.set_preferred_layers(
                spatial_layer=layers.spatial_layer, temporal_layer=layers.temporal_layer
            )

    def _accept_what_is(self) -> None:
        # Else every later wish would run into the same refusal first.
        self._priority = self.consumer.priority
        self._layers = self._asked_layers
