"""The bus of a node that is alone: everything happens in this process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from app.mediasoup.signal import Signal
from app.rtc.bus import Handler, Node, Part, PartId, RequestFailed
from app.rtc.tasks import TaskSet

from .answering import Answer, Answering
from .asking import NOBODY_THERE
from .batch import Batch, Stamp
from .board import Board
from .clock import Clock
from .view import View


class HubRoom:
    """A room that at least one part has open."""

    def __init__(self) -> None:
        self.boards: dict[PartId, Board] = {}
        self.common: dict[str, tuple[Stamp, bytes]] = {}
        #: Facts of parts that let go, for who takes them over.
        self.left: dict[PartId, Mapping[str, bytes]] = {}

    def facts(self) -> dict[PartId, Mapping[str, bytes]]:
        """Give the facts of all parts, as they are now."""
        for board in self.boards.values():
            board.outgoing.refresh()
        return self.left | {id: board.outgoing.facts for id, board in self.boards.items()}


class InProcessHub:
    """
    Connects the parts of one process: :class:`app.bus.board.Carrier` of all their boards.

    Several nodes may share it, as tests do. While a room has one part, nobody asks for its facts.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.buses: dict[str, InProcessBus] = {}
        self.rooms: dict[str, HubRoom] = {}
        #: Boards with something to say, in the order in which they said so; a set that keeps order.
        self._waiting: dict[Board, None] = {}
        #: What is to be told to whom. Emptied in every turn of the loop in which something is there.
        self._queue: deque[tuple[Board, Callable[[View], None]]] = deque()
        self._is_due = False

    def open(self, room_id: str, part_id: PartId, part: Part) -> Board:
        self._collect()
        room = self.rooms.setdefault(room_id, HubRoom())
        board = Board(room_id, part_id, part, self, self.clock)
        board.view.begin(room.facts(), room.common)
        board.outgoing.facts = room.left.pop(part_id, {})
        self._tell(room, Batch(part_id, whole=True, put=dict(board.outgoing.facts)))
        room.boards[part_id] = board
        return board

    def wake(self, board: Board) -> None:
        self._waiting[board] = None
        self._run_soon()

    async def flush(self, board: Board) -> None:
        self.run()

    async def close_board(self, board: Board) -> bool:
        self.remove(board)
        return board.room_id not in self.rooms

    def remove(self, board: Board) -> None:
        """Take a part away, and with the last one the room."""
        self._collect()
        room = self.rooms[board.room_id]
        del room.boards[board.part_id]
        self._tell_gone(room, board.part_id)
        self._end(board.room_id)

    def let_go_of(self, board: Board) -> None:
        self._collect()
        room = self.rooms[board.room_id]
        board.outgoing.refresh()
        room.left[board.part_id] = room.boards.pop(board.part_id).outgoing.facts

    def forget_left(self, node_id: str) -> None:
        """Take away what parts of a node left, and nobody took over."""
        for room_id, room in list(self.rooms.items()):
            for part_id in [id for id in room.left if id.startswith(f"{node_id}/")]:
                del room.left[part_id]
                self._tell_gone(room, part_id)
            self._end(room_id)

    def _end(self, room_id: str) -> None:
        room = self.rooms[room_id]
        if not room.boards and not room.left:
            del self.rooms[room_id]

    def _collect(self) -> None:
        """Take what boards have to say; it is told soon, in this order."""
        waiting, self._waiting = self._waiting, {}
        for board in waiting:
            room = self.rooms.get(board.room_id)
            if room is None or room.boards.get(board.part_id) is not board:
                continue
            if len(room.boards) == 1:
                # Nobody is there to be told. That facts were touched stays noted.
                board.outgoing.clear_words()
                room.common |= board.outgoing.take_common()
                continue
            for batch in board.outgoing.take():
                room.common |= batch.common
                self._tell(room, batch)

    def _tell(self, room: HubRoom, batch: Batch) -> None:
        self._queue.extend((board, lambda view: view.take(batch)) for board in room.boards.values())
        self._run_soon()

    def _tell_gone(self, room: HubRoom, part_id: PartId) -> None:
        self._queue.extend((board, lambda view: view.gone(part_id)) for board in room.boards.values())
        self._run_soon()

    def _run_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self.run)

    def run(self) -> None:
        """Tell all parts what there is to tell. What a part says to that is told the next time."""
        self._is_due = False
        self._collect()
        while self._queue:
            board, tell = self._queue.popleft()
            if board.is_open:
                tell(board.view)


class InProcessBus:
    """See :class:`app.rtc.bus.Bus`. Nothing can be wrong with it."""

    problem = None

    def __init__(self, node_id: str, describe: Callable[[], Node], hub: InProcessHub | None = None) -> None:
        self.node_id = node_id
        self.on_node_lost: Signal[str] = Signal()
        self.on_return: Signal[()] = Signal()
        self._describe = describe
        self._hub = hub or InProcessHub()
        self.answering = Answering()
        self._tasks = TaskSet()

    @property
    def nodes(self) -> Mapping[str, Node]:
        return {bus.node_id: msgspec.structs.replace(bus._describe(), epoch=1) for bus in self._hub.buses.values()}

    async def start(self) -> None:
        """Be a node from now on."""
        self._hub.buses[self.node_id] = self

    async def close(self) -> None:
        """Leave, with all parts that are open."""
        for room in list(self._hub.rooms.values()):
            for board in [board for id, board in room.boards.items() if id.startswith(f"{self.node_id}/")]:
                board.is_open = False
                self._hub.remove(board)
        self._hub.forget_left(self.node_id)
        self._hub.run()
        self._tasks.cancel()
        if self._hub.buses.pop(self.node_id, None) is not None:
            for bus in tuple(self._hub.buses.values()):
                bus.on_node_lost.emit(self.node_id)

    async def let_go(self) -> None:
        """Leave the facts to the next process, which there is none of."""
        self._tasks.cancel()

    def settle(self) -> None:
        self._hub.forget_left(self.node_id)

    async def open(self, room_id: str, slot: int, part: Part) -> Board:
        return self._hub.open(room_id, f"{self.node_id}/{slot}", part)

    async def peek(self, room_id: str) -> tuple[Mapping[PartId, Mapping[str, bytes]], Mapping[str, bytes]]:
        room = self._hub.rooms.get(room_id)
        if room is None:
            return {}, {}
        return room.facts(), {key: value for key, (_, value) in room.common.items()}

    def serve(self, method: str, handler: Handler) -> None:
        self.answering.serve(method, handler)

    async def request(self, node_id: str, method: str, data: Any, *, timeout: float = 2.0) -> Any:  # noqa: ASYNC109
        other = self._hub.buses.get(node_id)
        if other is None:
            raise RequestFailed(f"there is no node {node_id}", NOBODY_THERE)
        # As between nodes: nothing is shared, and who asks no more does not stop who answers.
        asked = msgspec.json.encode(data)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        other._tasks.start(other._answer(self.node_id, method, asked, timeout, answer), name=f"answer {method}")
        try:
            async with asyncio.timeout(timeout):
                return msgspec.json.decode(await answer, type=Answer).open()
        except TimeoutError:
            raise RequestFailed(f"node {node_id} did not answer in time") from None

    async def _answer(
        self, node_id: str, method: str, data: bytes, seconds: float, answer: asyncio.Future[bytes]
    ) -> None:
        given = await self.answering.answer(node_id, method, msgspec.json.decode(data), seconds=seconds)
        if not answer.done():
            answer.set_result(msgspec.json.encode(given))
