"""
Adoption: rooms and peers as an earlier process left them, from their records and what is in their worker.

Nobody in a room notices, since everybody in it is away until their clients come back: to their sessions, and their
media, which never stopped. What the worker has and no record names is closed, as are the records that it has nothing
for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from loguru import logger

from app.config import Settings
from app.mediasoup.audio_level_observer import AudioLevelObserver
from app.mediasoup.memory import RouterMemory
from app.mediasoup.router import Router
from app.mediasoup.worker_object import WorkerObject

from .audience import Audience
from .client_transports import ClientTransport
from .events import Farewell
from .interfaces import AttachedWorker, RecordRefused, RecordStore, RecordsUnavailable
from .peer import Peer
from .quarters import Quarters
from .records import Estate, Legacy, PeerRecord, chat_key, peer_key, read_estate, room_key
from .room import Room
from .room_manager import RoomManager
from .subscriptions import Choice
from .worker_pool import PooledWorker, WorkerPool

#: Seconds that the records of a worker, and the list of its routers, may take to come.
PATIENCE = 10.0


@dataclass(slots=True)
class Counts:
    """What was found of both sides, for the log."""

    rooms: int = 0
    peers: int = 0
    orphans: int = 0
    forgotten: int = 0
    unread: int = 0


@dataclass(slots=True)
class Inheritance:
    """What was taken over of one worker: routers with what is known of them. ``rooms`` are made of it, once."""

    found: list[tuple[Legacy, Router, AudioLevelObserver]] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def rooms(self, home: PooledWorker, settings: Settings, release: str | None) -> Iterable[tuple[Room, list[Peer]]]:
        """Make the rooms, each with those who are in it; nothing may be awaited until all are made."""
        for legacy, router, loudness in self.found:
            room = Room(
                legacy.room.config,
                Quarters(home, router, loudness, legacy.room.codecs),
                settings,
                release,
                call_id=legacy.room.call_id,
            )
            try:
                _furnish(room, legacy)
                pipes = () if legacy.room.pipes is None else legacy.room.pipes.links
                self.counts.orphans += close_orphans(legacy.peers, router, pipes)
                peers = _PeersOf(room, router).make(legacy.peers)
            except Exception:
                # What can be read, and makes no sense to us after all, must not cost the other rooms.
                logger.exception("room {} can't be taken over", room.id)
                room.close(Farewell.ROOM_ENDED)
                self.counts.orphans += 1
            else:
                home.rooms += 1
                self.counts.rooms += 1
                self.counts.peers += len(peers)
                yield room, peers


class Heir:
    """
    Takes over what is in each worker that the pool attaches to, and lets ``rooms`` have it.

    Made before the pool is started.
    """

    def __init__(self, pool: WorkerPool, rooms: RoomManager, store: RecordStore, settings: Settings) -> None:
        self._pool = pool
        self._rooms = rooms
        self._store = store
        self._settings = settings
        self._inheritances: dict[int, Inheritance] = {}
        pool.heir = self

    async def take_over(self, attached: AttachedWorker) -> None:
        """Take over what is in a worker, as :func:`take_over` does; :meth:`settle` when it is ready for rooms."""
        self._inheritances[attached.slot] = await take_over(attached, self._store)

    def settle(self, home: PooledWorker) -> None:
        """Let the rooms be there that were taken over."""
        inheritance = self._inheritances.pop(home.slot)
        for room, peers in inheritance.rooms(home, self._settings, self._pool.release):
            self._rooms.adopt(room, peers)
        counts = inheritance.counts
        logger.bind(slot=home.slot).info(
            "worker {}: took over {} rooms with {} peers; closed {} things without record, "
            "dropped {} records; {} could not be read",
            home.slot,
            counts.rooms,
            counts.peers,
            counts.orphans,
            counts.forgotten,
            counts.unread,
        )


async def take_over(attached: AttachedWorker, store: RecordStore) -> Inheritance:
    """
    Take over what there is a record of in a worker, and close all else that is in it.

    :raises MediasoupError: the worker could not be asked
    :raises RecordsUnavailable: the store could not
    """
    inheritance = Inheritance()
    worker, counts = attached.worker, inheritance.counts
    async with asyncio.timeout(PATIENCE):
        estate = await _read(attached, store)
        dump = await worker.dump()
    counts.unread = estate.unread
    known = {legacy.router_id: legacy for legacy in estate.rooms}
    here = [known[id] for id in dump.router_ids if id in known]
    if here:
        # Else its sockets are opened anew, wherever the settings want them now.
        for server_id in dump.web_rtc_server_ids[:1]:
            await worker.adopt_webrtc_server(server_id)
    for legacy in here:
        try:
            router = await worker.adopt_router(legacy.router_id, memory_of(legacy))
        except Exception:
            if worker.closed:
                raise
            # Whatever it is must not cost the other rooms.
            logger.exception("room {} can't be taken over", legacy.room.config.id)
            continue
        loudness = router.rtp_observers.get(legacy.room.observer_id)
        if isinstance(loudness, AudioLevelObserver):
            inheritance.found.append((legacy, router, loudness))
        else:
            router.close()
            counts.orphans += 1
    counts.orphans += await worker.close_leftovers()
    counts.forgotten = await _forget(attached, store, estate, [legacy for legacy, *_ in inheritance.found])
    return inheritance


def memory_of(legacy: Legacy) -> RouterMemory:
    """Give what the library has to know of a router beside what its dumps tell."""
    peers = legacy.peers
    app_data = {id: {"consuming": each.consuming} for peer in peers for id, each in peer.transports.items()}
    app_data |= {id: each for peer in peers for id, each in peer.producers.items()}
    app_data |= {id: each.app_data for peer in peers for id, each in peer.data_producers.items()}
    return RouterMemory(
        rtp_capabilities=legacy.room.rtp_capabilities,
        observers={legacy.room.observer_id: "audiolevel"},
        transports={id: each.memory for peer in peers for id, each in peer.transports.items()},
        app_data=app_data,
    )


def close_orphans(peers: Iterable[PeerRecord], router: Router, pipes: Collection[str] = ()) -> int:
    """Close what is in ``router`` and belongs to none of ``peers``, but for ``pipes``; give how much that was."""
    owners = {id: peer for peer in peers for id in peer.transports}
    orphans: list[WorkerObject] = []
    for transport in router.transports.values():
        if transport.id in pipes:
            continue
        if (owner := owners.get(transport.id)) is None or not isinstance(transport, ClientTransport):
            orphans.append(transport)
            continue
        orphans += [each for id, each in transport.producers.items() if id not in owner.producers]
        orphans += [each for id, each in transport.data_producers.items() if id not in owner.data_producers]
    for orphan in orphans:
        orphan.close()
    return len(orphans)


async def _read(attached: AttachedWorker, store: RecordStore) -> Estate:
    incarnation, records = await store.list_state(attached.slot)
    # Those of another worker have died with it, or are not ours.
    fitting = records if incarnation == attached.incarnation else ()
    return read_estate({record.key: record.value for record in fitting})


async def _forget(attached: AttachedWorker, store: RecordStore, estate: Estate, kept: list[Legacy]) -> int:
    """Drop all records but those of the rooms that are ``kept``; give their number."""
    of_use = {key for legacy in kept for key in _keys(legacy)}
    useless = sorted(estate.keys - of_use)
    for key in useless:
        try:
            await store.delete_state(attached.slot, key)
        except (RecordsUnavailable, RecordRefused) as error:
            # Nobody looks at it before the next start.
            logger.warning("record {} is not dropped: {}", key, error)
            break
    return len(useless)


def _keys(legacy: Legacy) -> Iterable[str]:
    yield room_key(legacy.router_id)
    for peer in legacy.peers:
        yield peer_key(legacy.router_id, peer.session_id)
    for message in legacy.chat:
        yield chat_key(legacy.router_id, message.slot)


def _furnish(room: Room, legacy: Legacy) -> None:
    """Let the room be as it was, its people aside."""
    record, door = legacy.room, legacy.room.door
    room.opened_at = record.opened_at
    room.former_pipes = record.pipes
    if record.number is not None:
        room.number = record.number
    room.door.restore(dict(door.bans), door.listed_bans, door.known)
    # The record of one who has left is deleted at once, and that of the room a moment later.
    present = {peer.id for peer in legacy.peers}
    room.hands.restore(hand for hand in record.hands if hand.peer_id in present)
    room.chat.restore([each.message for each in legacy.chat], legacy.chat[-1].number + 1 if legacy.chat else 0)
    offset = asyncio.get_running_loop().time() - time.time()
    room.deaths.times.extend(each + offset for each in record.deaths)


class _PeersOf:
    """Makes the peers of a room, who are away, and gives them their media."""

    def __init__(self, room: Room, router: Router) -> None:
        self._room = room
        self._router = router
        #: Whose a producer is, or a data producer.
        self._owners: dict[str, str] = {}

    def make(self, records: list[PeerRecord]) -> list[Peer]:
        peers = [(self._room.restore(record), record) for record in records]
        for peer, record in peers:
            choices = choices_of(record)
            peer.media.subscriber.restore(auto=record.auto, choices=choices, last_n=record.last_n)
        # First all peers, then what each sends, then what each gets of it: the one is offered to the other.
        for peer, record in peers:
            self._give_what_it_sends(peer, record)
        for peer, record in peers:
            self._give_what_it_gets(peer, record)
        self._room.sessions.watch()
        return [peer for peer, _ in peers]

    def _give_what_it_sends(self, peer: Peer, record: PeerRecord) -> None:
        for transport in self._transports_of(record):
            peer.media.adopt_transport(transport)
        # In the order in which they were made, which the worker does not know.
        for id in record.producers:
            if (producer := self._router.producers.get(id)) is not None:
                self._owners[id] = peer.id
                peer.media.adopt_producer(producer)
        for id, sent in record.data_producers.items():
            if (data_producer := self._router.data_producers.get(id)) is not None:
                self._owners[id] = peer.id
                audience = None if sent.audience is None else Audience(frozenset(sent.audience))
                peer.media.adopt_data_producer(data_producer, audience)

    def _give_what_it_gets(self, peer: Peer, record: PeerRecord) -> None:
        router, paused = self._router, frozenset(record.paused)
        for transport in self._transports_of(record):
            for consumer in tuple(transport.consumers.values()):
                producer, owner = router.producers.get(consumer.producer_id), self._owners.get(consumer.producer_id)
                if producer is None:
                    consumer.close()
                elif owner is None:
                    # It came through a pipe. Whose it is, other parts of the room say.
                    peer.media.subscriber.hold_consumer(consumer, paused=consumer.id in paused)
                else:
                    peer.media.subscriber.adopt_consumer(consumer, owner, producer, paused=consumer.id in paused)
            for data_consumer in tuple(transport.data_consumers.values()):
                source = router.data_producers.get(data_consumer.data_producer_id)
                owner = self._owners.get(data_consumer.data_producer_id)
                if source is None:
                    data_consumer.close()
                elif owner is None:
                    peer.media.data_subscriber.hold(data_consumer, source.id)
                else:
                    peer.media.data_subscriber.adopt(data_consumer, owner, source)

    def _transports_of(self, record: PeerRecord) -> list[ClientTransport]:
        found = (self._router.transports.get(id) for id in record.transports)
        return [transport for transport in found if isinstance(transport, ClientTransport)]


def choices_of(record: PeerRecord) -> dict[str, Choice]:
    """Give what the client chose, by producer."""
    return {
        id: Choice(each.subscribed, each.layers, each.priority, each.visible) for id, each in record.choices.items()
    }
