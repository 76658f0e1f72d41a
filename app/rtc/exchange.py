"""What passes between the peers of a room: each one's media, offered to all others, and who of them is loudest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from app.mediasoup.audio_level_observer import AudioLevelObserver, AudioLevelVolume
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.errors import MediasoupError
from app.mediasoup.producer import Producer

from .events import ActiveSpeaker, Event
from .peer import Peer
from .tasks import TaskSet

if TYPE_CHECKING:
    from loguru import Logger


class Exchange:
    """Between those whom ``joined`` gives; ``tell`` reaches them all."""

    def __init__(
        self,
        loudness: AudioLevelObserver,
        joined: Callable[[], Iterable[Peer]],
        tell: Callable[[Event], None],
        log: Logger,
    ) -> None:
        self._loudness = loudness
        self._joined = joined
        self._tell = tell
        self._log = log
        #: Which peer a producer is of, by the producer's id.
        self._owners: dict[str, Peer] = {}
        self._tasks = TaskSet()
        loudness.on_volumes.add(self._heard)
        loudness.on_silence.add(lambda: tell(ActiveSpeaker(peer_id=None)))

    def add(self, peer: Peer) -> None:
        """Offer what ``peer`` will send."""
        peer.media.on_produce.add(lambda producer: self._produced(peer, producer))
        peer.media.on_produce_data.add(lambda producer: self._produced_data(peer, producer))

    def offer_all(self, receiver: Peer) -> None:
        """Offer to ``receiver`` all that the others send."""
        for other in self._joined():
            if other is not receiver:
                for producer in other.media.producers:
                    receiver.media.subscriber.offer(other.id, producer)
                for data_producer in other.media.data_producers:
                    receiver.media.data_subscriber.offer(other.id, data_producer)

    def close(self) -> None:
        """Watch nobody's loudness any more."""
        self._tasks.cancel()

    def _produced(self, owner: Peer, producer: Producer) -> None:
        self._owners[producer.id] = owner
        producer.on_close.add(lambda: self._producer_closed(producer))
        for peer in self._joined():
            if peer is not owner:
                peer.media.subscriber.offer(owner.id, producer)
        if producer.kind == "audio":
            self._tasks.start(self._watch(producer), name=f"watching producer {producer.id}")

    def _producer_closed(self, producer: Producer) -> None:
        del self._owners[producer.id]
        for peer in self._joined():
            peer.media.subscriber.withdraw(producer.id)

    def _produced_data(self, owner: Peer, producer: DataProducer) -> None:
        producer.on_close.add(lambda: self._data_producer_closed(producer))
        for peer in self._joined():
            if peer is not owner:
                peer.media.data_subscriber.offer(owner.id, producer)

    def _data_producer_closed(self, producer: DataProducer) -> None:
        for peer in self._joined():
            peer.media.data_subscriber.withdraw(producer.id)

    async def _watch(self, producer: Producer) -> None:
        try:
            await self._loudness.add_producer(producer_id=producer.id)
        except MediasoupError as error:
            if not producer.closed:
                self._log.warning("the loudness of producer {} is not watched: {}", producer.id, error)

    def _heard(self, volumes: list[AudioLevelVolume]) -> None:
        loudest = volumes[0]
        if (owner := self._owners.get(loudest.producer.id)) is not None:
            self._tell(ActiveSpeaker(peer_id=owner.id, volume=loudest.volume))
