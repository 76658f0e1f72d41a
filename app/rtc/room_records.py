"""Keeping the records of a room and of all who are in it as they should be."""

from __future__ import annotations

import asyncio
import time
from itertools import islice
from typing import TYPE_CHECKING, Final

from .chat import HISTORY
from .consumer_control import Pause
from .peer import Peer
from .peer_media import PeerMedia
from .recorder import Place, Recorder
from .records import (
    ChatRecord,
    ChoiceRecord,
    DataProducerRecord,
    DoorRecord,
    PeerRecord,
    Record,
    RoomRecord,
    TransportRecord,
    chat_key,
    encode,
    peer_key,
    room_key,
)

if TYPE_CHECKING:
    from .room import Room

#: Seconds after which a change is put down at the latest, wherever it came from.
LOOK_AFTER: Final = 0.1
#: So many of those whom the call knows are put down, the last ones: a record has its bounds.
MOST_KNOWN: Final = 1_000


class RoomRecords:
    """
    Of one room, from now to its end, wherever it moves.

    Most changes come with requests of clients, which are put down before they are answered: :meth:`save`. Whatever else
    may have changed something says so by :meth:`touch`.
    """

    def __init__(self, room: Room, recorder: Recorder) -> None:
        self._room = room
        self._recorder = recorder
        self._loop = asyncio.get_running_loop()
        self._place, self._router_id = _whereabouts(room)
        #: What was put down last, by key. The room comes first: without it all else is worth nothing.
        self._kept: dict[str, Record] = {}
        #: Of those, the sessions of peers, and how many messages there were.
        self._peers: set[str] = set()
        self._messages_kept = 0
        #: The loop's times of deaths in seconds since 1970, worked out once: clocks differ.
        self._deaths: dict[float, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        room.on_join.add(lambda _: self.touch())
        room.on_leave.add(lambda peer, _: self._left(peer))
        room.on_change.add(self.touch)
        room.on_close.add(lambda _: self._forget())
        self.touch()

    async def save(self, peer: Peer) -> None:
        """Put down what a request of ``peer`` may have changed, before it is answered."""
        if self._room.closed or self._room.quarters.router.closed:
            return
        self._find_room()
        self._put_room()
        if peer.joined and not peer.closed:
            self._put_peer(peer)
        # It may have been about others.
        self.touch()
        await self._recorder.saved()

    async def save_all(self) -> None:
        """Put down whatever has changed, and wait until that is written."""
        self.look()
        await self._recorder.saved()

    def touch(self) -> None:
        """Look at everything in a moment."""
        if self._timer is None and not self._room.closed:
            self._timer = self._loop.call_later(LOOK_AFTER, self.look)

    def look(self) -> None:
        """Put down whatever has changed; it may still have to be written."""
        self.stop()
        if self._room.closed or self._room.quarters.router.closed:
            # It will be elsewhere in a moment, or is not at all any more.
            return
        self._find_room()
        self._put_room()
        present = {peer.session.id: peer for peer in self._room.peers if not peer.closed}
        for session_id in self._peers - present.keys():
            self._delete_peer(session_id)
        for peer in present.values():
            self._put_peer(peer)

    def stop(self) -> None:
        """Look no more by itself, and leave what there is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _left(self, peer: Peer) -> None:
        # At once, and though nothing may have been put down yet: an earlier process may have. Who is gone must not be
        # there again.
        self._delete_peer(peer.session.id)
        self.touch()

    def _find_room(self) -> None:
        """Begin anew if the room has moved: what was kept died with its worker."""
        place, router_id = _whereabouts(self._room)
        if router_id != self._router_id:
            self._recorder.abandon(self._place)
            self._place, self._router_id = place, router_id
            self._kept.clear()
            self._peers.clear()
            self._messages_kept = 0

    def _put_room(self) -> None:
        self._put(room_key(self._router_id), describe_room(self._room, self._deaths_since_1970()))
        chat = self._room.chat
        new = min(chat.said - self._messages_kept, HISTORY)
        for number, message in enumerate(islice(reversed(chat.messages), new)):
            record = ChatRecord(chat.said - number - 1, message)
            self._put(chat_key(self._router_id, record.slot), record)
        self._messages_kept = chat.said

    def _put_peer(self, peer: Peer) -> None:
        self._peers.add(peer.session.id)
        self._put(peer_key(self._router_id, peer.session.id), describe_peer(peer))

    def _delete_peer(self, session_id: str) -> None:
        self._peers.discard(session_id)
        key = peer_key(self._router_id, session_id)
        self._kept.pop(key, None)
        self._recorder.delete(self._place, key)

    def _put(self, key: str, record: Record) -> None:
        # To word it takes ten times as long. Nothing that a record holds is ever changed, but only replaced.
        if record != self._kept.get(key) or not self._recorder.has(self._place, key):
            self._kept[key] = record
            self._recorder.put(self._place, key, encode(record))

    def _forget(self) -> None:
        self.stop()
        for key in self._kept:
            self._recorder.delete(self._place, key)

    def _deaths_since_1970(self) -> list[float]:
        offset = time.time() - self._loop.time()
        return [self._deaths.setdefault(each, round(each + offset, 1)) for each in self._room.deaths.times]


def describe_room(room: Room, deaths: list[float]) -> RoomRecord:
    """Say what is to be known of ``room``."""
    door, quarters = room.door, room.quarters
    known = list(door.known.items())[-MOST_KNOWN:]
    return RoomRecord(
        config=room.config,
        codecs=None if quarters.codecs is None else tuple(quarters.codecs),
        rtp_capabilities=room.rtp_capabilities,
        observer_id=quarters.loudness.id,
        opened_at=room.opened_at,
        call_id=room.call_id,
        hands=room.hands.raised,
        door=DoorRecord(
            bans=list(door.bans.items()),
            listed_bans=sorted(door.listed_bans),
            known={identity: sorted(sources) for identity, sources in known},
        ),
        deaths=deaths,
        number=room.number,
        pipes=room.pipes_record,
    )


def describe_peer(peer: Peer) -> PeerRecord:
    """Say what is to be known of ``peer``, who joined."""
    assert peer.joined_at is not None
    media, session = peer.media, peer.session
    subscriptions = media.subscriber.subscriptions
    return PeerRecord(
        id=peer.id,
        session_id=session.id,
        token_digest=session.token_digest,
        admission=peer.admission,
        grants=peer.grants,
        role=peer.role,
        metadata=peer.metadata,
        attributes=dict(peer.attributes),
        display_name=peer.display_name,
        device=peer.device,
        rtp_capabilities=media.subscriber.rtp_capabilities,
        dynacast=peer.dynacast,
        joined_at=peer.joined_at,
        since=peer.since,
        transports={
            each.id: TransportRecord(consuming=each.app_data["consuming"], memory=each.memory)
            for each in media.transports
        },
        producers={each.id: each.app_data for each in media.producers},
        data_producers=_data_producers(media),
        auto=subscriptions.auto,
        choices={
            id: ChoiceRecord(each.subscribed, each.layers, each.priority, each.visible)
            for id, each in subscriptions.choices.items()
        },
        last_n=media.subscriber.last_n,
        paused=[
            each.id for each in media.subscriber.consumers if media.subscriber.control(each.id).paused_for(Pause.CLIENT)
        ],
    )


def _data_producers(media: PeerMedia) -> dict[str, DataProducerRecord]:
    records = {}
    for each in media.data_producers:
        audience = media.audiences.get(each.id)
        members = None if audience is None else sorted(audience.members)
        records[each.id] = DataProducerRecord(each.app_data, members)
    return records


def _whereabouts(room: Room) -> tuple[Place, str]:
    home = room.quarters.home
    return (home.slot, home.incarnation), room.quarters.router.id
