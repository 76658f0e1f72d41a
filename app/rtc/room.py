"""A room: peers who see and hear each other, on a router of one worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from loguru import logger

from app.config import Settings
from app.errors import LimitReached, Unavailable
from app.mediasoup.audio_level_observer import AudioLevelObserver, AudioLevelVolume
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.errors import MediasoupError
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpCapabilities
from app.mediasoup.signal import Signal

from .events import (
    ActiveSpeaker,
    Client,
    Device,
    Event,
    Farewell,
    MediasoupVersion,
    NewPeer,
    PeerClosed,
    PeerDisplayNameChanged,
    PeerInfo,
    RoomClosed,
)
from .media_codecs import MEDIA_CODECS
from .peer import Peer
from .peer_media import PeerMedia
from .tasks import TaskSet
from .worker_pool import PooledWorker

#: How often the loudest peer is told, in milliseconds; quieter than the threshold, in dBov, is silence.
SPEAKER_INTERVAL, SPEAKER_THRESHOLD = 800, -80


class Room:
    """
    Made by :meth:`create`; ends when it has been empty for ``settings.empty_room_seconds``, or with its worker.

    ``on_close`` fires once.
    """

    def __init__(
        self,
        id: str,
        home: PooledWorker,
        router: Router,
        loudness: AudioLevelObserver,
        settings: Settings,
        release: str | None,
    ) -> None:
        self.id = id
        self.closed = False
        self.on_close: Signal[()] = Signal()
        self._home = home
        self._router = router
        self._loudness = loudness
        self._settings = settings
        self._release = release
        self._peers: dict[str, Peer] = {}
        #: Which peer a producer is of, by the producer's id.
        self._owners: dict[str, Peer] = {}
        self._tasks = TaskSet()
        self._log = logger.bind(room=id)
        self._end: asyncio.TimerHandle | None = None
        loudness.on_volumes.add(self._heard)
        loudness.on_silence.add(lambda: self._tell(ActiveSpeaker(peer_id=None)))
        router.on_worker_close.add(self._worker_died)
        self._await_peers()
        self._log.bind(slot=home.slot).info("room opened")

    @classmethod
    async def create(cls, id: str, home: PooledWorker, settings: Settings, release: str | None) -> Room:
        """Make a room on the worker ``home``; a failure leaves nothing there."""
        router = await home.worker.create_router(media_codecs=MEDIA_CODECS)
        try:
            loudness = await router.create_audio_level_observer(
                max_entries=1, threshold=SPEAKER_THRESHOLD, interval=SPEAKER_INTERVAL
            )
        except BaseException:
            router.close()
            raise
        if router.closed:
            raise Unavailable("the worker died while the room was made; try again")
        return cls(id, home, router, loudness, settings, release)

    @property
    def rtp_capabilities(self) -> RtpCapabilities:
        """What clients may send and receive here."""
        return self._router.rtp_capabilities

    def check(self, peer_id: str) -> None:
        """Raise what :meth:`enter` would raise now."""
        if self.closed:
            raise Unavailable("the room has just ended; try again")
        if peer_id not in self._peers and len(self._peers) >= self._settings.limits.max_peers_per_room:
            raise LimitReached(f"the room is full: {len(self._peers)} peers")

    def enter(self, peer_id: str, client: Client) -> Peer:
        """
        Let a client in, in place of another with the same id; others see it when it joins.

        :raises LimitReached: the room is full
        :raises Unavailable: the room has ended
        """
        self.check(peer_id)
        if (former := self._peers.get(peer_id)) is not None:
            former.log.info("replaced by another connection")
            former.client.end(Farewell.REPLACED)
            former.close()
        peer = self._new_peer(peer_id, client)
        client.notify(MediasoupVersion(version=self._release))
        return peer

    def join(
        self, peer: Peer, *, display_name: str, device: Device, rtp_capabilities: RtpCapabilities | None
    ) -> list[PeerInfo]:
        """
        Make ``peer`` one of those who see each other; it gets consumers for all that is produced here.

        Nothing reaches the peer's client before this returns. Raises as :meth:`Peer.introduce` does.
        """
        others = list(self._joined())
        peer.introduce(display_name=display_name, device=device, rtp_capabilities=rtp_capabilities)
        peer.log.info("joined as {!r}", display_name)
        self._tell(NewPeer(id=peer.id, display_name=display_name, device=device), but=peer)
        for other in others:
            for producer in other.media.producers:
                peer.media.subscriber.offer(other.id, producer)
            for data_producer in other.media.data_producers:
                peer.media.data_subscriber.offer(other.id, data_producer)
        return [other.info for other in others]

    def rename(self, peer: Peer, display_name: str) -> None:
        """Give ``peer`` another name. Raises BadRequest when it is too long."""
        former = peer.display_name
        peer.rename(display_name)
        self._tell(
            PeerDisplayNameChanged(peer_id=peer.id, display_name=display_name, old_display_name=former),
            but=peer,
        )

    def close(self, farewell: Farewell) -> None:
        """End the room; its clients are told why."""
        if self.closed:
            return
        self.closed = True
        self._log.info("room closed: {}", farewell.value)
        self._cancel_end()
        self._tasks.cancel()
        for peer in tuple(self._peers.values()):
            peer.client.notify(RoomClosed(reason=farewell.value))
            peer.client.end(farewell)
            peer.close()
        self._router.close()
        self.on_close.emit()

    def _new_peer(self, peer_id: str, client: Client) -> Peer:
        self._cancel_end()
        log = self._log.bind(peer=peer_id)
        media = PeerMedia(self._router, self._home.webrtc_server, client, self._settings, log)
        peer = Peer(peer_id, client, media, self._settings.limits.max_name_length, log)
        peer.on_close.add(lambda: self._peer_closed(peer))
        media.on_produce.add(lambda producer: self._produced(peer, producer))
        media.on_produce_data.add(lambda producer: self._produced_data(peer, producer))
        self._peers[peer_id] = peer
        self._home.peers += 1
        log.info("connected")
        return peer

    def _peer_closed(self, peer: Peer) -> None:
        del self._peers[peer.id]
        self._home.peers -= 1
        peer.log.info("left")
        if self.closed:
            return
        if peer.joined:
            self._tell(PeerClosed(peer_id=peer.id))
        if not self._peers:
            self._await_peers()

    def _produced(self, owner: Peer, producer: Producer) -> None:
        self._owners[producer.id] = owner
        producer.on_close.add(lambda: self._producer_closed(producer))
        for peer in self._joined(but=owner):
            peer.media.subscriber.offer(owner.id, producer)
        if producer.kind == "audio":
            self._tasks.start(self._watch(producer), name=f"watching producer {producer.id}")

    def _producer_closed(self, producer: Producer) -> None:
        del self._owners[producer.id]
        for peer in self._joined():
            peer.media.subscriber.withdraw(producer.id)

    def _produced_data(self, owner: Peer, producer: DataProducer) -> None:
        producer.on_close.add(lambda: self._data_producer_closed(producer))
        for peer in self._joined(but=owner):
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

    def _joined(self, *, but: Peer | None = None) -> Iterator[Peer]:
        return (peer for peer in tuple(self._peers.values()) if peer.joined and peer is not but)

    def _tell(self, event: Event, *, but: Peer | None = None) -> None:
        for peer in self._joined(but=but):
            peer.client.notify(event)

    def _await_peers(self) -> None:
        seconds = self._settings.empty_room_seconds
        self._end = asyncio.get_running_loop().call_later(seconds, self.close, Farewell.ROOM_EMPTY)

    def _cancel_end(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _worker_died(self) -> None:
        self.close(Farewell.WORKER_DIED)
