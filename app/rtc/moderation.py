"""What may be done in a room to those who are connected to it, by moderators among them and by programs outside."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from app.auth.grants import Grants
from app.config import Settings
from app.errors import NotAllowed
from app.mediasoup.audio_level_observer import AudioLevelObserver
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.errors import MediasoupError
from app.mediasoup.producer import Producer
from app.mediasoup.rtp_parameters import MediaKind, RtpParameters
from app.mediasoup.signal import Signal

from . import permissions
from .admission import Ban
from .audience import Audience
from .company import Company
from .door import bans_on
from .events import Actor, Farewell, NewPeer, PeerClosed
from .moderation_events import (
    Admitted,
    DataProducerClosed,
    MutedByModerator,
    PermissionsChanged,
    ProducerClosed,
    Removed,
    UnmutedByModerator,
)
from .peer import Peer, source_of
from .room_config import RoomConfig

STOPPED, CHANGED = "stopped-by-moderator", "permissions-changed"
#: What is sent of a screen.
SCREEN = ("screen_share", "screen_share_audio")


class Moderation(Company):
    """
    The middle part of a :class:`app.rtc.room.Room`.

    Whether ``by`` may do it is for the caller to decide; those concerned are told who it was. Methods that take a
    ``peer_id`` raise NotFound.

    ``on_ban`` fires for each ban that a moderator made in the call.
    """

    def __init__(self, config: RoomConfig, settings: Settings, loudness: AudioLevelObserver) -> None:
        super().__init__(config, settings, loudness)
        self.on_ban: Signal[Ban, Actor] = Signal()

    # Who is here

    def admit(self, peer_id: str, by: Actor | None) -> None:
        """
        Let one who waits in the lobby join.

        :raises LimitReached: the room is full
        """
        peer = self._lobby.find(peer_id)
        self._door.check_full(sum(not self._door.is_waiting(each) for each in self._peers.values()))
        self._door.remember(peer.identity)
        self._call_in(peer, by)

    def admit_all(self, by: Actor | None) -> None:
        """Let all who wait join. Raises LimitReached when the room is full before that."""
        for peer in self.lobby:
            self.admit(peer.id, by)

    def reject(self, peer_id: str, by: Actor | None) -> None:
        """Send one away who waits in the lobby."""
        self._send_away(self._lobby.find(peer_id), Farewell.REJECTED, by)

    def remove(self, peer_id: str, by: Actor | None, farewell: Farewell = Farewell.REMOVED) -> None:
        """Have one leave, who then counts as somebody new."""
        self._send_away(self.find(peer_id), farewell, by)

    def ban(self, ban: Ban, by: Actor | None, until: datetime | None = None) -> None:
        """Have an identity, or the holders of a token, leave this call, and keep them out of it."""
        self._door.bans[ban] = until
        self.on_change.emit()
        for peer in tuple(self._peers.values()):
            if ban in bans_on(peer.admission):
                self._send_away(peer, Farewell.BANNED, by)

    def ban_peer(self, peer_id: str, by: Actor) -> None:
        """Ban the identity of a peer. ``on_ban`` tells those who keep bans for the next call."""
        ban: Ban = ("identity", self.find(peer_id).identity)
        self.ban(ban, by)
        self.on_ban.emit(ban, by)

    def unban(self, ban: Ban) -> None:
        """Let them come in again."""
        self._door.bans.pop(ban, None)
        self._door.listed_bans -= {ban}
        self.on_change.emit()

    def note_bans(self, bans: frozenset[Ban]) -> None:
        """Keep those out who are banned on record now, and nobody else who was before."""
        if bans != self._door.listed_bans:
            self._door.listed_bans = bans
            self.on_change.emit()

    # What they send

    async def produce(
        self, peer: Peer, *, transport_id: str, kind: MediaKind, rtp_parameters: RtpParameters, app_data: dict[str, Any]
    ) -> Producer:
        """
        Start to receive audio or video from ``peer``. Raises as :meth:`PeerMedia.produce` does, too.

        :raises NotAllowed: its grants do not cover the source, or a moderator muted it
        """
        source = permissions.source_of(kind, app_data)
        self._check_sending(peer, source)
        self._door.lift(peer.identity, source)
        producer = await peer.media.produce(
            transport_id=transport_id, kind=kind, rtp_parameters=rtp_parameters, app_data=app_data
        )
        try:
            # Something may have changed while it was made.
            self._check_sending(peer, source)
        except NotAllowed:
            producer.close()
            raise
        return producer

    async def resume(self, peer: Peer, producer_id: str) -> None:
        """
        Forward what ``peer`` sends again.

        :raises NotFound: it has no such producer
        :raises NotAllowed: a moderator muted it
        """
        producer = peer.media.producers.get(producer_id)
        self._check_sending(peer, source_of(producer))
        # Not afterwards: meanwhile a moderator may mute it once more.
        self._door.lift(peer.identity, source_of(producer))
        await producer.resume()

    async def produce_data(
        self,
        peer: Peer,
        *,
        transport_id: str,
        sctp_stream_parameters: SctpStreamParameters,
        label: str,
        protocol: str,
        app_data: dict[str, Any],
        to: Collection[str] | None = None,
    ) -> DataProducer:
        """
        Start to receive messages from ``peer``, for those with the ids ``to`` or for all.

        Raises as :meth:`PeerMedia.produce_data` and :meth:`Audience.of` do; NotAllowed: its grants don't cover data.
        """
        permissions.check(peer.grants, "publish_data")
        audience = None if to is None else Audience.of((each for each in self._joined() if each.visible), to)
        data_producer = await peer.media.produce_data(
            transport_id=transport_id,
            sctp_stream_parameters=sctp_stream_parameters,
            label=label,
            protocol=protocol,
            app_data=app_data,
            audience=audience,
        )
        try:
            permissions.check(peer.grants, "publish_data")
        except NotAllowed:
            data_producer.close()
            raise
        return data_producer

    async def mute(self, peer_id: str, producer_id: str, muted: bool, by: Actor) -> None:
        """
        Pause a producer. Its owner may resume it, unless the room is one where only moderators unmute.

        To unmute (not ``muted``) is to let the owner resume it: nobody turns on another's microphone.

        :raises NotFound: the peer has no such producer
        """
        peer = self.find(peer_id)
        producer = peer.media.producers.get(producer_id)
        if muted:
            await self._mute(peer, producer, by)
        else:
            source = source_of(producer)
            self._door.lift(peer.identity, source)
            self.on_change.emit()
            peer.client.notify(UnmutedByModerator(producer_id=producer_id, source=source, by=by))

    async def mute_sound(self, peer_id: str, by: Actor) -> None:
        """Mute all that can be heard of a peer; one that has not joined can't be heard."""
        await self._mute_sound([self.find(peer_id)], by)

    async def mute_all(self, by: Actor) -> None:
        """Mute all that can be heard, except of ``by``."""
        await self._mute_sound([peer for peer in self.peers if peer.id != by.peer_id], by)

    def unmute(self, peer_id: str, by: Actor) -> None:
        """Let a peer send again all that moderators muted of it."""
        peer = self.find(peer_id)
        self.on_change.emit()
        for source in self._door.lift_all(peer.identity):
            peer.client.notify(UnmutedByModerator(producer_id=None, source=source, by=by))

    def stop_video(self, peer_id: str, by: Actor) -> None:
        """Close all pictures that a peer sends, but not of its screen; it may start again."""
        peer = self.find(peer_id)
        for producer in peer.media.producers:
            if producer.kind == "video" and source_of(producer) not in SCREEN:
                _close_producer(peer, producer, STOPPED, by)

    def stop_screen_share(self, peer_id: str, by: Actor) -> None:
        """Close what a peer sends of its screen; it may start again."""
        peer = self.find(peer_id)
        for producer in peer.media.producers:
            if source_of(producer) in SCREEN:
                _close_producer(peer, producer, STOPPED, by)

    def change_grants(self, peer_id: str, grants: Grants, by: Actor | None = None, *, role: str | None = None) -> None:
        """
        Let a peer do this from now on, and nothing else. ``role``: the one it has with that, ``None`` if it stays.

        What it sends and receives, who sees it, and what it sees change at once.
        """
        peer = self.find(peer_id)
        role = role or peer.role
        if (grants, role) == (peer.grants, peer.role):
            return
        was_visible, was_moderator = peer.visible, peer.grants.room_admin
        peer.grants, peer.role = grants, role
        self.on_change.emit()
        peer.client.notify(PermissionsChanged(permissions=grants.to_claim(), role=role, by=by))
        _close_what_is_forbidden(peer, by)
        if peer.media.receive(grants.can_subscribe) and grants.can_subscribe and peer.joined:
            self._exchange.offer_all(peer)
        if peer.visible != was_visible:
            self.hands.forget(peer)
            self._tell(NewPeer.of(peer.info) if peer.visible else PeerClosed(peer_id=peer.id), but=peer)
        if peer.joined and grants.room_admin and not was_moderator:
            self._lobby.show(peer)

    # How

    def _call_in(self, peer: Peer, by: Actor | None) -> None:
        self._lobby.remove(peer)
        peer.client.notify(Admitted(by=by))

    def _send_away(self, peer: Peer, farewell: Farewell, by: Actor | None) -> None:
        peer.log.info("{} by {!r}", farewell.value, None if by is None else by.name)
        self._door.forget(peer.identity)
        peer.client.notify(Removed(reason=farewell.value, by=by))
        peer.dismiss(farewell)

    def _check_sending(self, peer: Peer, source: str) -> None:
        permissions.check_publish(peer.grants, source)
        self._door.check_silenced(peer.identity, source)

    async def _mute_sound(self, peers: Iterable[Peer], by: Actor) -> None:
        muting = []
        for peer in peers:
            if not peer.joined:
                continue
            # Also if the microphone is off: it is not to go on.
            self._door.silence(peer.identity, "microphone")
            muting += [
                self._mute_if_there(peer, producer, by) for producer in peer.media.producers if producer.kind == "audio"
            ]
        self.on_change.emit()
        await asyncio.gather(*muting)

    async def _mute_if_there(self, peer: Peer, producer: Producer, by: Actor) -> None:
        try:
            await self._mute(peer, producer, by)
        except MediasoupError as error:
            if not producer.closed:
                self._log.warning("producer {} could not be muted: {}", producer.id, error)

    async def _mute(self, peer: Peer, producer: Producer, by: Actor) -> None:
        source = source_of(producer)
        self._door.silence(peer.identity, source)
        self.on_change.emit()
        await producer.pause()
        may_unmute = self.config.unmute_allowed
        told = MutedByModerator(producer_id=producer.id, source=source, may_unmute=may_unmute, by=by)
        peer.client.notify(told)


def _close_what_is_forbidden(peer: Peer, by: Actor | None) -> None:
    for producer in peer.media.producers:
        if not permissions.may_publish(peer.grants, source_of(producer)):
            _close_producer(peer, producer, CHANGED, by)
    if not permissions.may(peer.grants, "publish_data"):
        for data_producer in peer.media.data_producers:
            data_producer.close()
            peer.client.notify(DataProducerClosed(data_producer_id=data_producer.id, reason=CHANGED, by=by))


def _close_producer(peer: Peer, producer: Producer, reason: str, by: Actor | None) -> None:
    producer.close()
    told = ProducerClosed(producer_id=producer.id, source=source_of(producer), reason=reason, by=by)
    peer.client.notify(told)
