"""A room: peers who see and hear each other, on a router of one worker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from app.auth.ice_servers import IceServers
from app.config import Settings
from app.errors import InLobby, Unavailable
from app.mediasoup.rtp_parameters import RtpCapabilities
from app.mediasoup.signal import Signal

from . import permissions
from .adjustable import Adjustable
from .admission import Admission
from .deaths import Deaths, Stragglers
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
    Rebuild,
    RoomClosed,
)
from .held import Held
from .meeting_events import PeerUpdated
from .peer import Peer
from .peer_media import PeerMedia
from .quarters import Quarters
from .room_config import RoomConfig
from .session import Session

if TYPE_CHECKING:
    from .records import PeerRecord
    from .room_records import RoomRecords


class Room(Adjustable):
    """
    Lives in its ``quarters``, or in others after their worker died, and ends when somebody or its time ends it, or when
    it has been empty for ``settings.empty_room_seconds``. ``release`` is that of the workers.

    ``on_join`` fires for each peer that joins, ``on_leave`` when such a peer goes, with the reason (see
    :class:`Peer`); ``on_worker_lost`` when the room needs other quarters; ``on_close`` once. ``records`` are ``None``
    if nothing outlives this process. ``call_id`` is the call's name in its history.
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
        super().__init__(config, settings, quarters.loudness)
        self.call_id = call_id or uuid4()
        self.records: RoomRecords | None = None
        self.opened_at = datetime.now(UTC)
        self.closed = False
        self.quarters = quarters
        #: Of which servers clients may have help on the way of media to this room.
        self.ice_servers = IceServers(settings)
        self.on_join: Signal[Peer] = Signal()
        self.on_leave: Signal[Peer, str] = Signal()
        self.on_worker_lost: Signal[()] = Signal()
        self.on_close: Signal[Farewell] = Signal()
        self._settings = settings
        self._release = release
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
        peer = self._new_peer(peer_id, Session(client), admission)
        client.notify(MediasoupVersion(version=self._release))
        return peer

    def restore(self, record: PeerRecord) -> Peer:
        """Have a peer that joined before this process began: it is away, and has no media yet."""
        session = Session(id=record.session_id, token_digest=record.token_digest)
        peer = self._new_peer(record.id, session, record.admission)
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
            raise InLobby("a moderator was asked to let you in")
        self._door.check_full(len(self.peers))
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

    def others(self, peer: Peer) -> list[PeerInfo]:
        """Give all that ``peer`` may know of who else takes part."""
        return [other.info for other in self._joined(but=peer) if other.visible]

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
        self._stop()
        for peer in tuple(self._peers.values()):
            peer.client.notify(RoomClosed(reason=farewell.value, by=by))
            peer.dismiss(farewell)
        self.quarters.router.close()
        self.on_close.emit(farewell)

    def let_go(self) -> None:
        """Do no more, but leave all that is in the worker as it is: whoever takes it over goes on with it."""
        self.quarters.router.on_worker_close.remove(self._worker_died)
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

    def _new_peer(self, peer_id: str, session: Session, admission: Admission) -> Peer:
        self._lifetime.entered()
        log, home = self._log.bind(peer=peer_id), self.quarters.home
        media = PeerMedia(self.quarters.router, home.webrtc_server, session, self._settings, log, self._stage)
        media.receive(admission.grants.can_subscribe)
        peer = Peer(peer_id, session, media, admission, self._settings.limits.max_name_length, log)
        peer.on_close.add(lambda reason: self._peer_closed(peer, reason))
        self._exchange.add(peer)
        self._peers[peer_id] = peer
        home.peers += 1
        log.info("connected")
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
        if not self._peers:
            self._lifetime.emptied()

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
