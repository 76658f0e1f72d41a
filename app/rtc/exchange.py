"""What passes between the peers of a room: each one's media, offered to all others, and how it fares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from app.mediasoup.audio_level_observer import AudioLevelObserver
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.producer import Producer

from .audience import Audience
from .audio_levels import AudioLevels
from .events import Event
from .peer import Peer
from .quality_watch import QualityWatch
from .stage import Stage

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
        stage: Stage,
    ) -> None:
        self._joined = joined
        self._stage = stage
        #: Which peer a producer is of, by the producer's id.
        self._owners: dict[str, Peer] = {}
        #: Whom a data producer is for, by its id; those that are not here are for all.
        self._audiences: dict[str, Audience] = {}
        self._quality = QualityWatch(joined, log)
        self._audio_levels = AudioLevels(loudness, self._owner_id, tell, stage, log)

    def add(self, peer: Peer) -> None:
        """Offer what ``peer`` will send."""
        self._stage.enter(peer.id)
        peer.on_close.add(lambda _: self._stage.leave(peer.id))
        peer.media.on_produce.add(lambda producer: self._produced(peer, producer))
        peer.media.on_new_way.add(lambda: self._sends_anew(peer))
        peer.media.on_produce_data.add(lambda producer, audience: self._produced_data(peer, producer, audience))

    def offer_all(self, receiver: Peer) -> None:
        """Offer to ``receiver`` all that the others send."""
        for other in self._joined():
            if other is not receiver:
                for producer in other.media.producers:
                    receiver.media.subscriber.offer(other.id, producer)
                for data_producer in other.media.data_producers:
                    self._offer_data(other, data_producer, receiver)

    def remind(self, peer: Peer) -> None:
        """Tell one who was away what it may have missed of what it sends and receives."""
        self.offer_all(peer)
        self._stage.dynacast.repeat(peer.client)

    def listen_to(self, loudness: AudioLevelObserver) -> None:
        """Go on with another observer, in another worker."""
        self._audio_levels.listen_to(loudness)

    def close(self) -> None:
        """Watch nobody any more, and tell nothing."""
        self._quality.close()
        self._audio_levels.close()
        self._stage.dynacast.close()

    def _sends_anew(self, owner: Peer) -> None:
        for peer in self._joined():
            if peer is not owner:
                peer.media.subscriber.refresh(owner.id)

    def _produced(self, owner: Peer, producer: Producer) -> None:
        self._owners[producer.id] = owner
        producer.on_close.add(lambda: self._producer_closed(producer))
        if producer.kind == "video" and owner.dynacast:
            self._stage.dynacast.watch(producer, owner.client)
        for peer in self._joined():
            if peer is not owner:
                peer.media.subscriber.offer(owner.id, producer)
        if producer.kind == "audio":
            self._audio_levels.watch(producer)

    def _producer_closed(self, producer: Producer) -> None:
        owner = self._owners.pop(producer.id)
        for peer in self._joined():
            if owner.media.lost:
                peer.media.subscriber.miss(producer.id)
            peer.media.subscriber.withdraw(producer.id)

    def _produced_data(self, owner: Peer, producer: DataProducer, audience: Audience | None) -> None:
        if audience is not None:
            self._audiences[producer.id] = audience
        producer.on_close.add(lambda: self._data_producer_closed(producer))
        for peer in self._joined():
            if peer is not owner:
                self._offer_data(owner, producer, peer)

    def _offer_data(self, owner: Peer, producer: DataProducer, receiver: Peer) -> None:
        audience = self._audiences.get(producer.id)
        if audience is None or receiver in audience:
            receiver.media.data_subscriber.offer(owner.id, producer)

    def _data_producer_closed(self, producer: DataProducer) -> None:
        self._audiences.pop(producer.id, None)
        for peer in self._joined():
            peer.media.data_subscriber.withdraw(producer.id)

    def _owner_id(self, producer_id: str) -> str | None:
        owner = self._owners.get(producer_id)
        return None if owner is None else owner.id
