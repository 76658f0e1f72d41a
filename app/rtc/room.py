"""A room: peers who see and hear each other, on a router of one worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from app.auth.ice_servers import IceServers
from app.config import Settings
from app.errors import InLobby, Unavailable
from app.mediasoup.rtp_parameters import RtpCapabilities
from app.mediasoup.signal import Signal

from .adjustable import Adjustable
from .admission import Admission
from .bus import Bus, PartId
from .deaths import Deaths, Stragglers
from .events import (
    Actor,
    Client,
    Device,
    Farewell,
    MediasoupVersion,
    NewPeer,
    PeerClosed,
    PeerInfo,
    Rebuild,
    RoomClosed,
)
from .held import Held
from .meeting_events import now_ms
from .peer import Peer
from .peer_media import PeerMedia
from .pipe_records import PipesRecord
from .pipes import Pipes
from .quarters import Quarters
from .room_config import RoomConfig
from .session import Session
from .words import Closed

if TYPE_CHECKING:
    from .records import PeerRecord
    from .room_records import RoomRecords


class Room(Adjustable):
    """
    Lives in its ``quarters``, or in others after their worker died, and ends when somebody or its time ends it, or when
    it has been empty for ``settings.empty_room_seconds``. ``release`` is that of the workers.

    ``on_join`` fires for each peer that joins, ``on_leave`` when such a peer goes, with the reason (see
    :class:`Peer`); ``on_worker_lost`` when the room needs other quarters; ``on_close`` once, and ``on_end`` after that
    if no other part of it is on, so that the call is over. ``records`` are ``None`` if nothing outlives this process.

    It may be one of several parts of a room, in other workers or on other nodes: see :mod:`.share`.
    """

    def __init__(
        self,
        config: RoomConfig,
        quarters: Quarters,
        settings: Settings,
        release: str | None,
        *,
        call_id: UUID | None = None,
    ) -> None:
        super().__init__(config, settings, quarters.loudness, call_id)
        self.records: RoomRecords | None = None
        #: Pipes of an earlier process, until they are laid again.
        self.former_pipes: PipesRecord | None = None
        self.closed = False
        #: Which of the room's parts on this node it is.
        self.number = quarters.home.slot
        self.quarters = quarters
        #: Of which servers clients may have help on the way of media to this room.
        self.ice_servers = IceServers(settings)
        self.on_join: Signal[Peer] = Signal()
        self.on_leave: Signal[Peer, str] = Signal()
        self.on_worker_lost: Signal[()] = Signal()
        self.on_close: Signal[Farewell] = Signal()
        self.on_end: Signal[Farewell] = Signal()
        self._settings = settings
        self._release = release
        #: Whether there ever was another part of the room beside this one.
        self.was_shared = False
        self.deaths = Deaths()
        self._stragglers = Stragglers()
        quarters.router.on_worker_close.add(self._worker_died)
        self._log.bind(slot=quarters.home.slot).info("room opened")

    @property
    def rtp_capabilities(self) -> RtpCapabilities:
        """What clients may send and receive here."""
        return self.quarters.router.rtp_capabilities

    def check(self, peer_id: str, admission: Admission) -> None:
        """Raise what :meth:`enter` would raise now."""
        if self.closed:
            raise Unavailable("the room has just ended; try again")
        self._door.check(peer_id, admission, self.everybody)

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
        elsewhere = self.elsewhere.former(peer_id, admission.identity)
        since = None if elsewhere is None else max(now_ms(), elsewhere.since + 1)
        peer = self._new_peer(peer_id, Session(client), admission, since)
        if elsewhere is not None:
            peer.resemble(elsewhere)
        client.notify(MediasoupVersion(version=self._release))
        return peer

    def restore(self, record: PeerRecord) -> Peer:
        """Have a peer that joined before this process began: it is away, and has no media yet."""
        session = Session(id=record.session_id, token_digest=record.token_digest)
        peer = self._new_peer(record.id, session, record.admission, record.since)
        peer.restore(record)
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
            self.touch()
            raise InLobby("a moderator was asked to let you in")
        self._door.check_full(self.participants)
        peer.dynacast = dynacast
        peer.join()
        self._door.remember(peer.identity)
        peer.log.info("joined as {!r}", peer.display_name)
        if peer.visible:
            self._tell(NewPeer.of(peer.info), but=peer)
            if peer.former is not None and peer.former.hand is not None:
                self.hands.lift(peer, peer.former.hand)
        self._exchange.offer_all(peer)
        if peer.grants.room_admin:
            # Not before the answer to its joining.
            asyncio.get_running_loop().call_soon(self._lobby.show, peer)
        self.on_join.emit(peer)
        return self.others(peer)

    def come_back(self, peer: Peer, held: Held) -> None:
        """
        Let ``peer``, whose client has what is ``held``, go on with its session as :meth:`Sessions.resume` does.

        It is told again what it may have missed.
        """
        self.sessions.resume(peer, held)
        self._exchange.remind(peer)
        if peer.grants.room_admin:
            self._lobby.show(peer)

    def close(self, farewell: Farewell, by: Actor | None = None) -> None:
        """End the room; its clients are told why, and who did it. If somebody did, its other parts end, too."""
        if farewell is Farewell.ROOM_CLOSED and not self.closed:
            self.link.say(Closed(farewell, by))
        self.close_here(farewell, by)

    def close_here(self, farewell: Farewell, by: Actor | None = None) -> None:
        """End this part of the room."""
        if self.closed:
            return
        self.closed = True
        self._log.info("room closed: {}", farewell.value)
        self._stop()
        for peer in tuple(self._peers.values()):
            peer.client.notify(RoomClosed(reason=farewell.value, by=by))
            peer.dismiss(farewell)
        if self.pipes is not None:
            self.pipes.close()
        self.quarters.router.close()
        self.on_close.emit(farewell)

    def let_go(self) -> None:
        """Do no more, but leave all that is in the worker as it is: whoever takes it over goes on with it."""
        self.quarters.router.on_worker_close.remove(self._worker_died)
        if self.pipes is not None:
            self.pipes.let_go()
        self._stop()

    def move(self, quarters: Quarters) -> None:
        """
        Go on there, after the worker died.

        All clients are told; who had media, and does not make them anew, has its socket closed, so that it comes again.
        """
        self.quarters = quarters
        quarters.home.peers += len(self._peers)
        quarters.router.on_worker_close.add(self._worker_died)
        self._exchange.listen_to(quarters.loudness)
        self._log.bind(slot=quarters.home.slot).info("room moved")
        concerned = [peer for peer in self._peers.values() if peer.joined or peer.media.transports_made]
        for peer in self._peers.values():
            peer.media.move(quarters.router, quarters.home.webrtc_server)
        for peer in concerned:
            peer.client.notify(Rebuild(router_rtp_capabilities=self.rtp_capabilities))
        self._stragglers.watch(concerned)
        self.on_change.emit()

    def lay_pipes(self, bus: Bus, part_id: PartId) -> Pipes:
        """Have media go to other parts of the room and come from there, now that this one is the part ``part_id``."""
        self.pipes = Pipes(
            self.id,
            part_id,
            lambda: self.quarters.router,
            bus,
            self._stage.dynacast,
            self._settings,
            self._log,
        )
        self.pipes.on_change.add(self._pipes_changed)
        if self.former_pipes is not None:
            self.pipes.adopt(self.former_pipes)
            self.former_pipes = None
        return self.pipes

    @property
    def pipes_record(self) -> PipesRecord | None:
        """What the next process has to know of the pipes; ``None`` if there are none."""
        record = self.former_pipes if self.pipes is None else self.pipes.record
        return record if record is not None and record.links else None

    def _new_peer(self, peer_id: str, session: Session, admission: Admission, since: int | None) -> Peer:
        self._lifetime.entered()
        log, home = self._log.bind(peer=peer_id), self.quarters.home
        media = PeerMedia(self.quarters.router, home.webrtc_server, session, self._settings, log, self._stage)
        media.receive(admission.grants.can_subscribe)
        peer = Peer(peer_id, session, media, admission, self._settings.limits.max_name_length, log, since)
        peer.on_close.add(lambda reason: self._peer_closed(peer, reason))
        media.on_new_way.add(lambda: self._refresh_elsewhere(media))
        self._peers[peer_id] = peer
        home.peers += 1
        log.info("connected")
        # Who comes from elsewhere leaves the stage there, and then enters it here.
        self.elsewhere.look(peer_id)
        self._exchange.add(peer)
        self.touch()
        return peer

    def _peer_closed(self, peer: Peer, reason: str) -> None:
        del self._peers[peer.id]
        self.quarters.home.peers -= 1
        peer.log.info("left: {}", reason)
        if peer.joined:
            self.on_leave.emit(peer, reason)
        if self.closed:
            return
        self._lobby.remove(peer)
        self.hands.forget(peer)
        if peer.visible:
            self._tell(PeerClosed(peer_id=peer.id))
        self.elsewhere.look(peer.id)
        self.touch()
        if not self._peers:
            self._lifetime.emptied()

    def _refresh_elsewhere(self, media: PeerMedia) -> None:
        if self.pipes is not None:
            for producer in media.producers:
                self.pipes.refresh(producer.id)

    def _pipes_changed(self) -> None:
        if self.records is not None:
            self.records.touch()

    def _stop(self) -> None:
        self._lifetime.stop()
        self._stragglers.stop()
        self.sessions.close()
        self._exchange.close()

    def _worker_died(self) -> None:
        self._stragglers.stop()
        if self.closed:
            return
        if self.deaths.too_many(asyncio.get_running_loop().time()):
            self._log.error("room closed: its workers die again and again")
            self.close(Farewell.WORKER_DIED)
        else:
            self.on_worker_lost.emit()
