"""What joins a room to its other parts, in other workers and on other nodes, over the bus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import msgspec
from loguru import logger

from app.errors import ConnectError
from app.mediasoup.errors import MediasoupError

from . import common
from .bus import Board, Bus, PartId
from .facts import PART, PEER, PartFact, PeerFact, decode, encode
from .meeting_events import ChatMessage
from .orders import ORDERS
from .portrait import portrait_of
from .room import Room
from .room_config import RoomConfig
from .tasks import TaskSet
from .words import AllMuted, Closed, Ordered, Reacted, Sent, Word, read

#: To say what others should know takes at most one part in so many of the time.
REST = 20


class Share:
    """
    A :class:`app.rtc.bus.Part`, and the :class:`app.rtc.words.Link` of its room.

    It is opened first, to know how the room is that is on elsewhere, and then joined with what is a part of it here.
    """

    def __init__(self, bus: Bus, room_id: str, number: int) -> None:
        self.part_id: PartId = f"{bus.node_id}/{number}"
        self.number = number
        self._bus = bus
        self._room_id = room_id
        self._log = logger.bind(room=room_id, part=self.part_id)
        self._tasks = TaskSet()
        self._board: Board
        self._room: Room | None = None
        self._loop = asyncio.get_running_loop()
        self._rest_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        #: Whether the board knows that there may be news, and has not asked for them yet.
        self._is_touched = False

    @classmethod
    async def open(cls, bus: Bus, room_id: str, number: int) -> Share:
        """
        Open a room for a part that is the ``number``-th of this node.

        :raises BusUnavailable: it is not possible now
        """
        share = cls(bus, room_id, number)
        share._board = await bus.open(room_id, number, share)
        return share

    @property
    def config(self) -> RoomConfig | None:
        """How the room is that is on already; ``None`` if this is the first part of it."""
        return common.config_in(self._room_id, self._board.common)

    def join(self, room: Room) -> None:
        """Let ``room`` be a part: it hears of the others from now on, and they hear of it."""
        self._room = room
        room.link = self
        room.elsewhere.part_id = self.part_id
        pipes = room.lay_pipes(self._bus, self.part_id)
        pipes.on_arrive.add(room.exchange.brought)
        room.elsewhere.make_producer = pipes.far_producer
        room.elsewhere.make_data_producer = pipes.far_data_producer
        self._take_all(room)
        room.on_change.add(self.touch)
        room.on_join.add(lambda _: self.touch())
        room.on_leave.add(lambda *_: self.touch())
        room.door.on_known.add(self._known)
        room.chat.on_say.add(self._said)
        room.chat.on_react.add(lambda reaction: self.say(Reacted(reaction)))
        self._bus.on_node_lost.add(room.elsewhere.lose)
        self._bus.on_return.add(pipes.check)
        self.touch()

    async def close(self) -> bool:
        """Take this part away, when the room is closed; says whether it was the last one."""
        self._leave()
        return await self._board.close()

    def let_go(self) -> None:
        """Leave everything as it is, for the next process."""
        self._touch_now()
        self._leave()
        self._board.let_go()

    # Link

    def touch(self) -> None:
        # With every request, maybe; and nobody asks while the room has one part.
        if self._is_touched or self._timer is not None:
            return
        if (pause := self._rest_until - self._loop.time()) <= 0:
            self._touch_now()
        else:
            self._timer = self._loop.call_later(pause, self._touch_now)

    def agree(self, key: str, value: object) -> None:
        self._board.agree(key, encode(value))

    def say(self, word: Word, to: PartId | None = None) -> None:
        if self._board.others:
            self._board.say(encode(word), to)

    # Part

    def facts(self) -> Mapping[str, bytes]:
        self._is_touched = False
        room, began = self._room, time.perf_counter()
        if room is None or room.closed:
            return {}
        part = PartFact(router_id=room.quarters.router.id, pipes="" if room.pipes is None else room.pipes.id)
        peers = {f"{PEER}{peer.id}": encode(portrait_of(peer, room)) for peer in room.connected}
        # When many come at once, each of them is something that others should know of.
        self._rest_until = self._loop.time() + REST * (time.perf_counter() - began)
        return {PART: encode(part), **peers}

    def noted(self, part: PartId, key: str, value: bytes | None) -> None:
        if self._room is None:
            # Joined with the room it looks at everything.
            return
        if key == PART:
            self._note_part(self._room, part, value)
        elif key.startswith(PEER):
            fact = None if value is None else decode(value, PeerFact)
            self._room.elsewhere.noted(part, key.removeprefix(PEER), fact)

    def agreed(self, key: str, value: bytes) -> None:
        if self._room is not None:
            common.take(self._room, key, value)

    def heard(self, part: PartId, word: bytes) -> None:
        said = read(word)
        if self._room is None or said is None:
            return
        match said:
            case Reacted(reaction):
                self._room.show(reaction)
            case Sent(message, to):
                self._room.deliver(message, to)
            case Ordered():
                self._tasks.start(self._do(self._room, said), name=f"order {said.order}")
            case AllMuted(by):
                self._tasks.start(self._room.mute_all_here(by), name="muting all")
            case Closed(farewell, by):
                self._room.close_here(farewell, by)

    # How

    def _touch_now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_touched = True
        self._board.touch()

    def _take_all(self, room: Room) -> None:
        first = room.chat.said - len(room.chat.messages)
        unheard = list(enumerate(room.chat.messages, first))
        was_here = room.chat.said > 0
        heard = common.take_all(room, self._board.common)
        if not was_here:
            # What an earlier part of this name said last is not to make way for what is said next.
            room.chat.go_on_at(common.next_number(self.part_id, self._board.common))
        for number, message in unheard:
            if message.id not in heard:
                self._said(number, message)
        for key, value in common.all_of(room):
            if key not in self._board.common:
                self.agree(key, value)
        for part, facts in self._board.others.items():
            for key, fact in facts.items():
                self.noted(part, key, fact)

    def _leave(self) -> None:
        self._tasks.cancel()
        if self._timer is not None:
            self._timer.cancel()
        if self._room is not None:
            self._bus.on_node_lost.remove(self._room.elsewhere.lose)
            if self._room.pipes is not None:
                self._bus.on_return.remove(self._room.pipes.check)

    def _note_part(self, room: Room, part: PartId, value: bytes | None) -> None:
        room.was_shared = True
        fact = None if value is None else decode(value, PartFact)
        if room.pipes is not None:
            room.pipes.gone(part) if fact is None else room.pipes.found(part, fact.pipes)

    def _known(self, identity: str) -> None:
        if self._room is not None:
            self.agree(common.known_key(identity), common.known_of(self._room, identity))

    def _said(self, number: int, message: ChatMessage) -> None:
        self.agree(common.chat_key(self.part_id, number), message)

    async def _do(self, room: Room, ordered: Ordered) -> None:
        order = ORDERS.get(ordered.order)
        if order is None:
            self._log.warning("an order of another release: {}", ordered.order)
            return
        try:
            done = order.method(room, **order.given(bytes(ordered.given)))
            if done is not None:
                await done
        except (ConnectError, MediasoupError, msgspec.ValidationError) as error:
            # It has left, most likely, or has not what it is about any more.
            self._log.info("an order for one here could not be followed: {}: {}", ordered.order, error)
