"""What peers of a room send, and what others may do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Any

from app.auth.grants import SOURCES
from app.errors import NotAllowed, NotFound
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.errors import MediasoupError
from app.mediasoup.producer import Producer
from app.mediasoup.rtp_parameters import MediaKind, RtpParameters

from . import permissions
from .audience import Audience
from .company import Company
from .events import Actor
from .moderation_events import MutedByModerator, ProducerClosed, UnmutedByModerator
from .orders import order
from .peer import Peer, source_of
from .words import AllMuted

STOPPED = "stopped-by-moderator"
#: What is sent of a screen.
SCREEN = ("screen_share", "screen_share_audio")


class Sending(Company):
    """
    The second part of a :class:`app.rtc.room.Room`, on top of its company.

    Whether ``by`` may do it is for the caller to decide; those concerned are told who it was. Methods that take a
    ``peer_id`` raise NotFound. They may be about peers of other parts of the room.
    """

    async def produce(
        self, peer: Peer, *, transport_id: str, kind: MediaKind, rtp_parameters: RtpParameters, app_data: dict[str, Any]
    ) -> Producer:
        """
        Start to receive audio or video from ``peer``. Raises as :meth:`PeerMedia.produce` does, too.

        :raises NotAllowed: its grants do not cover the source, or a moderator muted it
        """
        source = permissions.source_of(kind, app_data)
        self._check_sending(peer, kind, source)
        self._door.lift(peer.identity, source)
        producer = await peer.media.produce(
            transport_id=transport_id, kind=kind, rtp_parameters=rtp_parameters, app_data=app_data
        )
        try:
            # Something may have changed while it was made.
            self._check_sending(peer, kind, source)
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
        self._check_sending(peer, producer.kind, source_of(producer))
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
        audience = None if to is None else Audience.of((each for each in self.everybody if each.visible), to)
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
        Pause a producer, as :meth:`mute_producer` does.

        :raises NotFound: the peer has no such producer
        """
        elsewhere = self.elsewhere.get(peer_id)
        if elsewhere is not None and all(each.id != producer_id for each in elsewhere.producers):
            raise NotFound(f"no producer of {peer_id!r} has the id {producer_id!r}")
        await self.mute_producer(peer_id, producer_id, muted, by)

    @order
    async def mute_producer(self, peer_id: str, producer_id: str, muted: bool, by: Actor) -> None:
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
            if source not in SOURCES:
                self._door.lift(peer.identity, _usual_name(producer.kind, source))
            self.on_change.emit()
            peer.client.notify(UnmutedByModerator(producer_id=producer_id, source=source, by=by))

    @order
    async def mute_sound(self, peer_id: str, by: Actor) -> None:
        """Mute all that can be heard of a peer; one that has not joined can't be heard."""
        await self._mute_sound([self.find(peer_id)], by)

    async def mute_all(self, by: Actor) -> None:
        """Mute all that can be heard, except of ``by``."""
        self.link.say(AllMuted(by))
        await self.mute_all_here(by)

    async def mute_all_here(self, by: Actor) -> None:
        """Mute all that can be heard of those in this part of the room, except of ``by``."""
        await self._mute_sound([peer for peer in self.peers if peer.id != by.peer_id], by)

    @order
    def unmute(self, peer_id: str, by: Actor) -> None:
        """Let a peer send again all that moderators muted of it."""
        peer = self.find(peer_id)
        self.on_change.emit()
        for source in self._door.lift_all(peer.identity):
            peer.client.notify(UnmutedByModerator(producer_id=None, source=source, by=by))

    @order
    def stop_video(self, peer_id: str, by: Actor) -> None:
        """Close all pictures that a peer sends, but not of its screen; it may start again."""
        peer = self.find(peer_id)
        for producer in peer.media.producers:
            if producer.kind == "video" and source_of(producer) not in SCREEN:
                close_producer(peer, producer, STOPPED, by)

    @order
    def stop_screen_share(self, peer_id: str, by: Actor) -> None:
        """Close what a peer sends of its screen; it may start again."""
        peer = self.find(peer_id)
        for producer in peer.media.producers:
            if source_of(producer) in SCREEN:
                close_producer(peer, producer, STOPPED, by)

    def _check_sending(self, peer: Peer, kind: MediaKind, source: str) -> None:
        permissions.check_publish(peer.grants, source)
        for silenced in dict.fromkeys((_usual_name(kind, source), source)):
            self._door.check_silenced(peer.identity, silenced)

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


def _usual_name(kind: MediaKind, source: str) -> str:
    """Say what media may stand for, whatever its client calls it: any sound may be a microphone's."""
    if kind == "audio":
        return "microphone"
    return source if source in SOURCES else "camera"


def close_producer(peer: Peer, producer: Producer, reason: str, by: Actor | None) -> None:
    """Close what a peer sends, and tell it why, and who did it."""
    producer.close()
    told = ProducerClosed(producer_id=producer.id, source=source_of(producer), reason=reason, by=by)
    peer.client.notify(told)
