"""A room: peers who see and hear each other, on a router of one worker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.auth.ice_servers import IceServers
from app.config import Settings
from app.errors import InLobby, NotAllowed, Unavailable
from app.mediasoup.audio_level_observer import AudioLevelObserver
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpCapabilities
from app.mediasoup.signal import Signal

from . import permissions
from .admission import Admission
from .events import (
    Actor,
    Client,
    Device,
    Farewell,
    MediasoupVersion,
    NewPeer,
    PeerClosed,
    PeerDisplayNameChanged,
    PeerInfo,
    RoomClosed,
    RoomUpdated,
)
from .interfaces import Ownership
from .media_codecs import media_codecs
from .meeting_events import PeerUpdated
from .moderation import Moderation
from .peer import Peer
from .peer_media import PeerMedia
from .room_config import RoomConfig
from .self_description import check_metadata
from .worker_pool import PooledWorker

#: How often it is told who is how loud, in milliseconds; quieter than the threshold, in dBov, is silence.
SPEAKER_INTERVAL, SPEAKER_THRESHOLD = 500, -80
#: Seconds between looks at the clock for a room that ends at some time: clocks may be set.
LONGEST_LOOK = 60.0


class Room(Moderation):
    """
    Made by :meth:`create`; ends when somebody, its time or its worker ends it, or when it has been empty for
    ``settings.empty_room_seconds``.

    ``on_join`` fires for each peer that joins, ``on_leave`` when such a peer goes, with the reason (see
    :class:`Peer`); ``on_adjust`` with what a moderator changed of ``config``; ``on_close`` once. ``ownership`` is
    ``None`` as long as nobody keeps record of whose the room is.
    """

    def __init__(
        self,
        config: RoomConfig,
        home: PooledWorker,
        router: Router,
        loudness: AudioLevelObserver,
        settings: Settings,
        release: str | None,
    ) -> None:
        super().__init__(config, settings, loudness)
        self.ownership: Ownership | None = None
        self.opened_at = datetime.now(UTC)
        self.closed = False
        #: Of which servers clients may have help on the way of media to this room.
        self.ice_servers = IceServers(settings)
        self.on_join: Signal[Peer] = Signal()
        self.on_leave: Signal[Peer, str] = Signal()
        self.on_adjust: Signal[Mapping[str, Any]] = Signal()
        self.on_close: Signal[Farewell] = Signal()
        self._home = home
        self._router = router
        self._settings = settings
        self._release = release
        self._empty_timer: asyncio.TimerHandle | None = None
        self._end_timer: asyncio.TimerHandle | None = None
        router.on_worker_close.add(self._worker_died)
        self._await_peers()
        self._await_end()
        self._log.bind(slot=home.slot).info("room opened")

    @classmethod
    async def create(cls, config: RoomConfig, home: PooledWorker, settings: Settings, release: str | None) -> Room:
        """Make a room on the worker ``home``; a failure leaves nothing there."""
        router = await home.worker.create_router(media_codecs=media_codecs(config.codecs))
        try:
            loudness = await router.create_audio_level_observer(
                max_entries=settings.limits.max_peers_per_room,
                threshold=SPEAKER_THRESHOLD,
                interval=SPEAKER_INTERVAL,
            )
        except BaseException:
            router.close()
            raise
        if router.closed:
            raise Unavailable("the worker died while the room was made; try again")
        return cls(config, home, router, loudness, settings, release)

    @property
    def rtp_capabilities(self) -> RtpCapabilities:
        """What clients may send and receive here."""
        return self._router.rtp_capabilities

    @property
    def summary(self) -> RoomUpdated:
        """How the room is, as clients are told."""
        config = self.config
        return RoomUpdated(
            name=config.name,
            metadata=config.metadata,
            locked=config.locked,
            lobby=config.lobby,
            unmute_allowed=config.unmute_allowed,
            max_participants=config.max_participants,
            last_n=config.last_n,
            ends_at=config.ends_at,
        )

    def check(self, peer_id: str, admission: Admission) -> None:
        """Raise what :meth:`enter` would raise now."""
        if self.closed:
            raise Unavailable("the room has just ended; try again")
        self._door.check(peer_id, admission, self._peers.values())

    def enter(self, peer_id: str, client: Client, admission: Admission) -> Peer:
        """
        Let a client in, in place of another with the same id and identity; others see it when it joins.

        :raises Unavailable: the room has ended

        And all that :meth:`Door.check` raises.
        """
        self.check(peer_id, admission)
        if (former := self._peers.get(peer_id)) is not None:
            former.log.info("replaced by another connection")
            former.dismiss(Farewell.REPLACED)
        peer = self._new_peer(peer_id, client, admission)
        client.notify(MediasoupVersion(version=self._release))
        return peer

    def join(
        self,
        peer: Peer,
        *,
        display_name: str,
        device: Device,
        rtp_capabilities: RtpCapabilities | None,
        dynacast: bool = False,
    ) -> list[PeerInfo]:
        """
        Make ``peer`` one of those who see each other; it gets consumers for all that is produced here.

        ``dynacast``: its client wants to know what nobody wants of its videos.

        Nothing reaches the peer's client before this returns. Raises as :meth:`Peer.introduce` does.

        :raises InLobby: a moderator was asked; the client is told, and then joins again
        :raises LimitReached: the room is full
        """
        peer.introduce(display_name=display_name, device=device, rtp_capabilities=rtp_capabilities)
        if self._door.is_waiting(peer):
            self._lobby.add(peer)
            raise InLobby("a moderator was asked to let you in")
        others = self.peers
        self._door.check_full(len(others))
        peer.dynacast = dynacast
        peer.join()
        self._door.remember(peer.identity)
        peer.log.info("joined as {!r}", peer.display_name)
        if peer.visible:
            self._tell(NewPeer.of(peer.info), but=peer)
        self._exchange.offer_all(peer)
        if peer.grants.room_admin:
            # Not before the answer to its joining.
            asyncio.get_running_loop().call_soon(self._lobby.show, peer)
        self.on_join.emit(peer)
        return [other.info for other in others if other.visible]

    def rename(self, peer: Peer, display_name: str) -> None:
        """
        Give ``peer`` another name.

        :raises BadRequest: it is too long
        :raises NotAllowed: its token fixes the name
        """
        permissions.check_rename(peer.grants, peer.admission.name)
        former = peer.display_name
        peer.rename(display_name)
        if peer.visible:
            renamed = PeerDisplayNameChanged(peer_id=peer.id, display_name=display_name, old_display_name=former)
            self._tell(renamed, but=peer)

    def describe(self, peer: Peer, metadata: str | None, attributes: Mapping[str, str]) -> None:
        """Change what ``peer`` says of itself, as :meth:`Peer.describe` does; all are told, itself included."""
        peer.describe(metadata, attributes)
        told = PeerUpdated(
            peer_id=peer.id, metadata=peer.metadata, attributes=peer.attributes, display_name=peer.display_name
        )
        if peer.visible:
            self._tell(told)
        else:
            peer.client.notify(told)

    def close(self, farewell: Farewell, by: Actor | None = None) -> None:
        """End the room; its clients are told why, and who did it."""
        if self.closed:
            return
        self.closed = True
        self._log.info("room closed: {}", farewell.value)
        self._cancel_empty_timer()
        self._cancel_end_timer()
        self._exchange.close()
        for peer in tuple(self._peers.values()):
            peer.client.notify(RoomClosed(reason=farewell.value, by=by))
            peer.dismiss(farewell)
        self._router.close()
        self.on_close.emit(farewell)

    # Being otherwise

    def configure(self, config: RoomConfig, by: Actor | None = None) -> None:
        """
        Be so from now on; all are told. Codecs stay what they are, and who is in stays in.

        Without a lobby those who wait there are admitted, by ``by``.
        """
        if config == self.config:
            return
        self._door.config = config
        self._tell(self.summary)
        self._stage.limit(config.last_n)
        if not config.lobby:
            for peer in self.lobby:
                self._call_in(peer, by)
        self._await_end()

    def lock(self, locked: bool, by: Actor | None) -> None:
        """Let nobody new in, or everybody again, for as long as the call lasts; all are told."""
        self.adjust(by, locked=locked)

    def adjust(self, by: Actor | None, **changes: Any) -> None:
        """
        Change these fields of ``config`` for as long as the call lasts; all are told.

        :raises BadRequest: the metadata are too long
        """
        check_metadata(changes.get("metadata", ""))
        self.configure(replace(self.config, **changes), by)
        self.on_adjust.emit(changes)

    async def hand_over(self, peer_id: str, by: Peer) -> None:
        """
        Make another peer the room's owner; raises as :meth:`Ownership.hand_over` does, too.

        :raises NotFound: nobody has this id
        :raises NotAllowed: ``by`` does not own the room, or nobody does
        """
        heir = self.find(peer_id)
        if self.ownership is None or by.role != "owner":
            raise NotAllowed("only the owner gives the room to somebody else")
        await self.ownership.hand_over(self.id, by.identity, heir.identity, by.actor)

    def _new_peer(self, peer_id: str, client: Client, admission: Admission) -> Peer:
        self._cancel_empty_timer()
        log = self._log.bind(peer=peer_id)
        media = PeerMedia(self._router, self._home.webrtc_server, client, self._settings, log, self._stage)
        media.receive(admission.grants.can_subscribe)
        peer = Peer(peer_id, client, media, admission, self._settings.limits.max_name_length, log)
        peer.on_close.add(lambda reason: self._peer_closed(peer, reason))
        self._exchange.add(peer)
        self._peers[peer_id] = peer
        self._home.peers += 1
        log.info("connected")
        return peer

    def _peer_closed(self, peer: Peer, reason: str) -> None:
        del self._peers[peer.id]
        self._home.peers -= 1
        peer.log.info("left: {}", reason)
        if peer.joined:
            self.on_leave.emit(peer, reason)
        if self.closed:
            return
        self._lobby.remove(peer)
        self.hands.forget(peer)
        if peer.visible:
            self._tell(PeerClosed(peer_id=peer.id))
        if not self._peers:
            self._await_peers()

    def _await_peers(self) -> None:
        seconds = self._settings.empty_room_seconds
        self._empty_timer = asyncio.get_running_loop().call_later(seconds, self.close, Farewell.ROOM_EMPTY)

    def _await_end(self) -> None:
        self._cancel_end_timer()
        if self.config.ends_at is None:
            return
        seconds = (self.config.ends_at - datetime.now(UTC)).total_seconds()
        delay = min(max(seconds, 0), LONGEST_LOOK)
        self._end_timer = asyncio.get_running_loop().call_later(delay, self._look_at_clock)

    def _look_at_clock(self) -> None:
        if self.config.ends_at is not None and self.config.ends_at <= datetime.now(UTC):
            self.close(Farewell.ROOM_ENDED)
        else:
            self._await_end()

    def _cancel_empty_timer(self) -> None:
        if self._empty_timer is not None:
            self._empty_timer.cancel()
            self._empty_timer = None

    def _cancel_end_timer(self) -> None:
        if self._end_timer is not None:
            self._end_timer.cancel()
            self._end_timer = None

    def _worker_died(self) -> None:
        self.close(Farewell.WORKER_DIED)
