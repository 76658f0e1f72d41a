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
from .far_producer import FarDataProducer, FarProducer
from .others import Others
from .peer import Peer
from .quality_watch import QualityWatch
from .stage import Stage

if TYPE_CHECKING:
    from loguru import Logger


class Exchange:
    """
    Between those whom ``joined`` gives; ``tell`` reaches them all. They get what ``others`` send, too.

    ``touch`` is called when something is sent otherwise than before.
    """

    def __init__(
        self,
        loudness: AudioLevelObserver,
        joined: Callable[[], Iterable[Peer]],
        tell: Callable[[Event], None],
        log: Logger,
        stage: Stage,
        others: Others,
        touch: Callable[[], None],
    ) -> None:
        self._joined = joined
        self._stage = stage
        self._others = others
        self._touch = touch
        #: Which peer a producer is of, by the producer's id.
        self._owners: dict[str, Peer] = {}
        #: The same for what was brought here from other parts of the room.
        self._far_owners: dict[str, str] = {}
        #: Whom a data producer is for, by its id; those that are not here are for all.
        self._audiences: dict[str, Audience] = {}
        self.quality = QualityWatch(joined, log, elsewhere=lambda: others.qualities, touch=touch)
        self._audio_levels = AudioLevels(loudness, self._owner_id, tell, stage, log)
        others.on_produce.add(self._produced_elsewhere)
        others.on_produce_data.add(self._data_produced_elsewhere)

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
                    self._offer_data(other.id, data_producer, receiver)
        for owner_id, far in self._others.producers:
            receiver.media.subscriber.offer(owner_id, far)
        for owner_id, far_data in self._others.data_producers:
            self._offer_data(owner_id, far_data, receiver)

    def remind(self, peer: Peer) -> None:
        """Tell one who was away what it may have missed of what it sends and receives."""
        self.offer_all(peer)
        self._stage.dynacast.repeat(peer.client)

    def listen_to(self, loudness: AudioLevelObserver) -> None:
        """Go on with another observer, in another worker."""
        self._audio_levels.listen_to(loudness)

    def close(self) -> None:
        """Watch nobody any more, and tell nothing."""
        self.quality.close()
        self._audio_levels.close()
        self._stage.dynacast.close()

    def audience_of(self, data_producer_id: str) -> Audience | None:
        """Say whom a data producer is for, ``None`` for all."""
        return self._audiences.get(data_producer_id)

    def brought(self, far: FarProducer, producer: Producer) -> None:
        """Listen to something of another part of the room, which has been brought here."""
        if producer.kind == "audio" and (owner_id := self._others.owner_of(far.id)) is not None:
            self._far_owners[producer.id] = owner_id
            producer.on_close.add(lambda: self._far_owners.pop(producer.id, None))
            self._audio_levels.watch(producer)

    def _sends_anew(self, owner: Peer) -> None:
        for peer in self._joined():
            if peer is not owner:
                peer.media.subscriber.refresh(owner.id)

    def _produced(self, owner: Peer, producer: Producer) -> None:
        self._owners[producer.id] = owner
        producer.on_close.add(lambda: self._producer_closed(producer))
        producer.on_pause.add(self._touch)
        producer.on_resume.add(self._touch)
        self._touch()
        if producer.kind == "video" and owner.dynacast:
            self._stage.dynacast.watch(producer, owner.client)
        for peer in self._joined():
            if peer is not owner:
                peer.media.subscriber.offer(owner.id, producer)
        if producer.kind == "audio":
            self._audio_levels.watch(producer)

    def _producer_closed(self, producer: Producer) -> None:
        owner = self._owners.pop(producer.id)
        self._touch()
        for peer in self._joined():
            if owner.media.lost:
                peer.media.subscriber.miss(producer.id)
            peer.media.subscriber.withdraw(producer.id)

    def _produced_data(self, owner: Peer, producer: DataProducer, audience: Audience | None) -> None:
        if audience is not None:
            self._audiences[producer.id] = audience
        producer.on_close.add(lambda: self._data_producer_closed(producer.id))
        self._touch()
        for peer in self._joined():
            if peer is not owner:
                self._offer_data(owner.id, producer, peer)

    def _produced_elsewhere(self, owner_id: str, far: FarProducer) -> None:
        far.on_close.add(lambda: self._far_producer_closed(owner_id, far))
        for peer in self._joined():
            peer.media.subscriber.offer(owner_id, far)

    def _far_producer_closed(self, owner_id: str, far: FarProducer) -> None:
        owner = self._others.get(owner_id)
        for peer in self._joined():
            if owner is not None and owner.lost:
                peer.media.subscriber.miss(far.id)
            peer.media.subscriber.withdraw(far.id)

    def _data_produced_elsewhere(self, owner_id: str, far: FarDataProducer, audience: Audience | None) -> None:
        if audience is not None:
            self._audiences[far.id] = audience
        far.on_close.add(lambda: self._data_producer_closed(far.id))
        for peer in self._joined():
            self._offer_data(owner_id, far, peer)

    def _offer_data(self, owner_id: str, producer: DataProducer | FarDataProducer, receiver: Peer) -> None:
        audience = self._audiences.get(producer.id)
        if audience is None or receiver in audience:
            receiver.media.data_subscriber.offer(owner_id, producer)

    def _data_producer_closed(self, producer_id: str) -> None:
        self._audiences.pop(producer_id, None)
        self._touch()
        for peer in self._joined():
            peer.media.data_subscriber.withdraw(producer_id)

    def _owner_id(self, producer_id: str) -> str | None:
        owner = self._owners.get(producer_id)
        return self._far_owners.get(producer_id) if owner is None else owner.id
