"""Consuming audio and video: what its client chose, and has room for, of what others send."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.errors import NotFound
from app.mediasoup.consumer import Consumer
from app.mediasoup.data_structures import ConsumerLayers
from app.mediasoup.rtp_parameters import RtpCapabilities
from app.mediasoup.transport import Transport

from . import permissions
from .consumer_control import HIGHEST, ConsumerControl, Pause
from .demand import NOTHING
from .events import (
    Client,
    ConsumerClosed,
    ConsumerLayersChanged,
    ConsumerPaused,
    ConsumerResumed,
    ConsumerScoreChanged,
    Event,
    NewConsumer,
    Question,
)
from .far_producer import AnyProducer, local_id
from .key_frame_reminder import KeyFrameReminder
from .last_n import lower
from .stage import Stage
from .subscriber import Subscriber
from .subscription_events import ProducerOffered, ProducerWithdrawn, VideoResumed, VideoSuspended
from .subscriptions import Choice, Subscriptions
from .tasks import TaskSet

if TYPE_CHECKING:
    from loguru import Logger


@dataclass(frozen=True, slots=True)
class _View:
    """A consumer, whose producer it is of, and whether it counts among the last N."""

    control: ConsumerControl
    owner_id: str
    counts: bool


class MediaSubscriber(Subscriber[AnyProducer, Consumer]):
    """
    Consumes audio and video, once ``rtp_capabilities`` say what the client can take.

    Which of it, the client says by :meth:`consume_all` and :meth:`choose`. Cameras of those who did not speak for the
    longest time are suspended where there are more than the room (its ``stage``) or the client want to see.
    """

    KIND = "consumer"

    rtp_capabilities: RtpCapabilities | None = None

    def __init__(
        self,
        client: Client,
        tasks: TaskSet,
        limit: int,
        find_transport: Callable[[], Transport | None],
        log: Logger,
        stage: Stage,
    ) -> None:
        super().__init__(client, tasks, limit, find_transport, log)
        self._stage = stage
        #: What the client chose: to be looked at.
        self.subscriptions = Subscriptions()
        #: By the producer's id: all that the client may have.
        self._offers: dict[str, tuple[str, AnyProducer]] = {}
        #: By the consumer's id.
        self._views: dict[str, _View] = {}
        #: By the consumer's id: what was wished before this process began.
        self._adopted: dict[str, ConsumerControl] = {}
        #: By the id of a consumer that is held: whether the client has paused it.
        self._held_paused: dict[str, bool] = {}
        #: The cameras of so many the client itself wants to see at most.
        self.last_n: int | None = None
        self._focused = False
        #: Whose videos have to start anew, ``None`` for all, and whether they are being told to.
        self._stale: set[str | None] = set()
        self._refreshing = False
        stage.on_change.add(self._focus)

    def offer(self, owner_id: str, producer: AnyProducer) -> None:
        """Consume ``producer`` of the peer ``owner_id`` as soon as that is possible, if the client wants it."""
        if self.allowed and not (self._closed or producer.closed):
            if producer.id not in self._offers:
                self.subscriptions.inherit(producer.id, owner_id, _source_of(producer))
            self._offers[producer.id] = (owner_id, producer)
            if self._wants(producer.id):
                super().offer(owner_id, producer)
            elif not self.subscriptions.auto:
                self._tell_offer(owner_id, producer)

    def withdraw(self, producer_id: str) -> None:
        """Forget a producer that is closed, and what the client chose of it."""
        super().withdraw(producer_id)
        self.subscriptions.forget(producer_id)
        known = self._offers.pop(producer_id, None) is not None
        if known and not self.subscriptions.auto and producer_id not in self._consumed:
            self._client.notify(ProducerWithdrawn(producer_id=producer_id))

    def miss(self, producer_id: str) -> None:
        """Keep what the client chose of a producer that died with its worker, for when its owner sends it again."""
        if (offer := self._offers.get(producer_id)) is not None:
            owner_id, producer = offer
            self.subscriptions.bequeath(producer_id, owner_id, _source_of(producer))

    def forbid(self) -> None:
        """Consume no more until it is allowed; what the client chose holds again then."""
        super().forbid()
        self._offers.clear()

    def close(self) -> None:
        """Consume no more."""
        super().close()
        self._offers.clear()
        self._stage.on_change.remove(self._focus)

    def restore(self, *, auto: bool, choices: Mapping[str, Choice], last_n: int | None) -> None:
        """Know what the client chose before this process began, before anything is offered."""
        self.subscriptions.restore(auto, choices)
        self.last_n = last_n

    def adopt_consumer(self, consumer: Consumer, owner_id: str, producer: AnyProducer, *, paused: bool) -> None:
        """:meth:`adopt` one that the client itself has ``paused``, or not."""
        choice = self.subscriptions.of(producer.id)
        pauses = [Pause.CLIENT] * paused + [Pause.HIDDEN] * (not choice.visible)
        if consumer.paused and not pauses:
            # It is not known whether the client has confirmed it. That it names it when it is back is as good.
            pauses = [Pause.NEW]
        self._adopted[consumer.id] = ConsumerControl(
            consumer, self._log, self._demand, pauses=pauses, layers=choice.layers
        )
        self.adopt(consumer, owner_id, producer)

    def hold_consumer(self, consumer: Consumer, *, paused: bool) -> None:
        """:meth:`hold` one that the client itself has ``paused``, or not."""
        self._held_paused[consumer.id] = paused
        self.hold(consumer, consumer.producer_id)

    def _take(self, consumer: Consumer, owner_id: str, producer: AnyProducer) -> None:
        self.adopt_consumer(consumer, owner_id, producer, paused=self._held_paused.pop(consumer.id))

    # What the client wants

    def control(self, consumer_id: str) -> ConsumerControl:
        """Give the way to change a consumer. Raises NotFound."""
        return self._views[self.consumers.get(consumer_id).id].control

    def consume_all(self, auto: bool) -> None:
        """Consume all that the client did not refuse, or (not ``auto``) only what it asked for."""
        chooses_now = self.subscriptions.auto and not auto
        self.subscriptions.auto = auto
        self._review(tuple(self._offers))
        if chooses_now:
            for owner_id, producer in self._offers.values():
                if not self._wants(producer.id):
                    self._tell_offer(owner_id, producer)

    def choice_to_edit(self, producer_id: str) -> Choice:
        """Give what was chosen of a producer; :meth:`choose` it when it is changed. Raises NotFound."""
        if producer_id not in self._offers:
            raise NotFound(f"nothing that is sent to you has the id {producer_id!r}")
        return self.subscriptions.edit(producer_id)

    async def choose(self, producer_id: str) -> None:
        """
        Do what the client chose of a producer; its consumer, if there is one, is so when this returns.

        :raises MediasoupError: the worker refused
        """
        self._review([producer_id])
        if (consumer := self._consumed.get(producer_id)) is not None:
            control = self._views[consumer.id].control
            self._apply(self.subscriptions.of(producer_id), control)
            await control.settled()

    def limit_videos(self, last_n: int | None) -> None:
        """Show the cameras of so many who spoke last, ``None`` for as many as the room lets everybody have."""
        self.last_n = last_n
        self._focus()

    def refresh(self, owner_id: str | None = None) -> None:
        """
        Have the videos of one peer, or all, start anew: they come by another way now, and what was on the old one is
        lost.

        Clients notice, too, but wait for seconds for what is lost before they ask for a key frame.
        """
        self._stale.add(owner_id)
        if not self._refreshing:
            self._refreshing = True
            self._tasks.start(self._refresh(), name="refreshing videos")

    async def _refresh(self) -> None:
        try:
            # Ways may change again meanwhile, and as often as a client likes.
            while self._stale:
                stale, self._stale = self._stale, set()
                for view in tuple(self._views.values()):
                    if None in stale or view.owner_id in stale:
                        await view.control.refresh()
        finally:
            self._refreshing = False

    def _review(self, producer_ids: Iterable[str]) -> None:
        for id in producer_ids:
            if not self._wants(id):
                self._drop(id)
                if (consumer := self._consumed.get(id)) is not None:
                    self._give_up(consumer)
            elif id not in self._consumed and id not in self._expected:
                self.offer(*self._offers[id])

    def _tell_offer(self, owner_id: str, producer: AnyProducer) -> None:
        offered = ProducerOffered(
            peer_id=owner_id, producer_id=producer.id, kind=producer.kind, app_data=producer.app_data
        )
        self._client.notify(offered)

    def _wants(self, producer_id: str) -> bool:
        return self.subscriptions.want(producer_id)

    def _apply(self, choice: Choice, control: ConsumerControl) -> None:
        control.prefer(choice.layers)
        control.prioritize(choice.priority)
        control.pause(Pause.HIDDEN, not choice.visible)

    # What there is room for

    def _focus(self) -> None:
        """Suspend the cameras that are one too many, and resume those that are not any more."""
        limit = lower(self.last_n, self._stage.last_n)
        if self._closed or (limit is None and not self._focused):
            return
        self._focused = limit is not None
        views = [view for view in self._views.values() if view.counts]
        # Who has turned the camera off takes nobody's place.
        on = [view for view in views if not view.control.consumer.producer_paused]
        if limit is None:
            shown = {view.owner_id for view in views}
        else:
            views, shown = on, self._stage.speakers.first(limit, (view.owner_id for view in on))
        for view in views:
            self._suspend(view.control, view.owner_id not in shown)

    def _suspend(self, control: ConsumerControl, suspended: bool) -> None:
        if suspended != control.paused_for(Pause.SUSPENDED):
            control.pause(Pause.SUSPENDED, suspended)
            told = VideoSuspended if suspended else VideoResumed
            self._client.notify(told(consumer_id=control.consumer.id))

    # How

    def _transport(self) -> Transport | None:
        return None if self.rtp_capabilities is None else super()._transport()

    async def _make(self, transport: Transport, producer: AnyProducer) -> Consumer:
        assert self.rtp_capabilities is not None
        # Paused until the client is ready: its first packet is then one that it can use, and a key frame.
        id = local_id(producer)
        return await transport.consume(producer_id=id, rtp_capabilities=self.rtp_capabilities, paused=True)

    def _question(self, consumer: Consumer, owner_id: str, producer: AnyProducer) -> Question:
        return NewConsumer(
            peer_id=owner_id,
            producer_id=producer.id,
            id=consumer.id,
            kind=consumer.kind,
            rtp_parameters=consumer.rtp_parameters,
            type=consumer.type,
            app_data=producer.app_data,
            producer_paused=consumer.producer_paused,
        )

    def _listen(self, consumer: Consumer, owner_id: str, producer: AnyProducer) -> None:
        notify, id = self._client.notify, consumer.id
        consumer.on_producer_close.add(lambda: notify(ConsumerClosed(consumer_id=id)))
        # The one that was brought here may end alone, and is brought again then.
        consumer.on_producer_close.add(lambda: self.offer(owner_id, producer))
        consumer.on_score.add(lambda score: notify(ConsumerScoreChanged(consumer_id=id, score=score)))
        consumer.on_layers_change.add(lambda layers: notify(layers_changed(id, layers)))
        camera = _source_of(producer) == "camera"
        control = self._adopted.pop(id, None) or ConsumerControl(consumer, self._log, self._demand)
        KeyFrameReminder(control, self._tasks)
        view = self._views[id] = _View(control, owner_id, camera)
        consumer.on_producer_pause.add(lambda: self._producer_changed(view, ConsumerPaused(consumer_id=id)))
        consumer.on_producer_resume.add(lambda: self._producer_changed(view, ConsumerResumed(consumer_id=id)))
        self._demand(view.control)
        self._apply(self.subscriptions.of(producer.id), view.control)
        if camera:
            self._focus()

    def _producer_changed(self, view: _View, told: Event) -> None:
        self._client.notify(told)
        if view.counts:
            self._focus()

    def _demand(self, control: ConsumerControl) -> None:
        layers, consumer = control.layers, control.consumer
        highest = HIGHEST if layers is None else layers.spatial_layer
        self._stage.dynacast.want(consumer.producer_id, consumer.id, highest if control.wanted else NOTHING)

    def _ended(self, consumer: Consumer, producer: AnyProducer) -> None:
        super()._ended(consumer, producer)
        self._stage.dynacast.want(consumer.producer_id, consumer.id, NOTHING)
        if self._views.pop(consumer.id).counts:
            self._focus()

    async def _start(self, consumer: Consumer) -> None:
        # It may be closed by now: then there is nothing to start.
        if (view := self._views.get(consumer.id)) is not None:
            view.control.pause(Pause.NEW, False)
            await view.control.settled()
            self._client.notify(ConsumerScoreChanged(consumer_id=consumer.id, score=consumer.score))

    def _closed_event(self, consumer: Consumer) -> Event:
        return ConsumerClosed(consumer_id=consumer.id)


def _source_of(producer: AnyProducer) -> str:
    return permissions.source_of(producer.kind, producer.app_data)


def layers_changed(consumer_id: str, layers: ConsumerLayers | None) -> ConsumerLayersChanged:
    """Word a change of layers; none at all are sent as nulls."""
    return ConsumerLayersChanged(
        consumer_id=consumer_id,
        spatial_layer=None if layers is None else layers.spatial_layer,
        temporal_layer=None if layers is None else layers.temporal_layer,
    )
