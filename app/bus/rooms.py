"""The rooms that this node has open, and all that it does to them in Redis."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Set

from app.rtc.bus import BusUnavailable, Part, PartId

from .board import Board
from .clock import Clock
from .follower import Follower
from .jobs import Enter, Follow, Job, LastWords, Leave, Resolve, Write
from .registration import Registration, unfenced

#: Seconds that a caller waits at most.
PATIENCE = 0.95
#: How many jobs go out together. Few, so that many nodes that come back at once don't wait for each other for long.
AT_A_TIME = 20


class Rooms:
    """
    The :class:`app.bus.board.Carrier` of the boards of one node.

    What is to be done waits in a queue. Each board is in it once with what it has to say; the rest are the calls that
    wait for it, each of them for less than a second, and what those lead to.
    """

    def __init__(self, node_id: str, clock: Clock, lease: float) -> None:
        self._node_id = node_id
        self._clock = clock
        self._lease = lease
        self._followers: dict[str, dict[PartId, Follower]] = {}
        self._queue: deque[Job] = deque()
        self._writes: dict[Board, Write] = {}
        self._is_something_there = asyncio.Event()
        #: Rooms in doubt, and when that ends.
        self._doubts: dict[Follower, asyncio.TimerHandle] = {}
        self._is_connected = False
        #: Boards that were closed while the bus did not answer, and may have said something that nobody heard yet.
        self._unheard: dict[tuple[int, str], Board] = {}
        #: Parts that were let go, by this app or an earlier one, and that nobody took over yet.
        self._let_go: set[tuple[int, str]] = set()

    def __iter__(self) -> Iterator[Follower]:
        return (follower for followers in self._followers.values() for follower in followers.values())

    def parts(self) -> set[tuple[int, str]]:
        """Give ``(slot, room id)`` of all that is open."""
        return {_key(follower.board) for follower in self}

    # What callers want.

    async def open(self, room_id: str, slot: int, part: Part) -> Board:
        """Open a room; raises BusUnavailable."""
        board = Board(room_id, f"{self._node_id}/{slot}", part, self, self._clock)
        # From now on that would be said by this one.
        self._unheard.pop(_key(board), None)
        follower = Follower(board, self._clock, self._follow)
        self._followers.setdefault(room_id, {})[board.part_id] = follower
        try:
            await self._done(Enter(self, follower, doubt=False))
        except BaseException:
            # Redis may have got it all the same, by now or later.
            board.is_open = False
            self._remove(board)
            self._add(Leave(room_id, board.part_id))
            raise
        self._let_go.discard(_key(board))
        return board

    def wake(self, board: Board) -> None:
        follower = self._followers.get(board.room_id, {}).get(board.part_id)
        if follower is not None:
            self.wake_follower(follower)

    async def flush(self, board: Board) -> None:
        self.wake(board)
        if not self._is_connected:
            raise BusUnavailable("the bus does not answer; try again")
        write = self._writes.get(board)
        if write is not None:
            await self._wait_for(write)

    async def close_board(self, board: Board) -> bool:
        self._remove(board)
        leave = Leave(board.room_id, board.part_id)
        try:
            await self._done(leave)
        except BusUnavailable:
            # It is made up for when the bus answers again: what Redis has of this node and nobody has open goes.
            self._unheard[_key(board)] = board
            return not board.others
        return leave.was_last

    def let_go_of(self, board: Board) -> None:
        self._remove(board)
        self._let_go.add(_key(board))

    def inherit(self, found: Set[tuple[int, str]]) -> None:
        """Take in what an earlier app of this node let go."""
        self._let_go |= found - self.parts()

    def forget_let_go(self) -> None:
        """Take it that nobody takes parts over any more that were let go."""
        self._let_go.clear()

    def leave_rest(self, found: Set[tuple[int, str]]) -> None:
        """Take parts away that Redis has of this node, but which are neither open nor let go."""
        for slot, room_id in found - self.parts() - self._let_go:
            self._add(Leave(room_id, f"{self._node_id}/{slot}"))

    # What the connection leads to.

    async def enter_all(self, registration: Registration, *, doubt: bool) -> None:
        """Write and read all rooms anew; raises Fenced, or one of FAULTS."""
        jobs = deque(Enter(self, follower, doubt=doubt) for follower in self if not follower.is_in)
        while jobs:
            await self._work_on(registration, [jobs.popleft() for _ in range(min(AT_A_TIME, len(jobs)))])
        self._is_connected = True
        for board in tuple(self._unheard.values()):
            self._hear_out(board, anew=False)
        for follower in self:
            # What they said meanwhile.
            self.wake_follower(follower)
        for follower in tuple(self._doubts):
            self.doubt(follower)

    async def work(self, registration: Registration) -> None:
        """Do what there is to do, for as long as it can be done; raises Fenced, or one of FAULTS."""
        while True:
            await self._is_something_there.wait()
            await self._work_on(registration, [self._queue.popleft() for _ in range(min(AT_A_TIME, len(self._queue)))])
            if not self._queue:
                self._is_something_there.clear()

    async def finish(self) -> None:
        """Wait until all is written that is there to be written; raises BusUnavailable."""
        await self._done(Job())

    def lose_step(self) -> None:
        """Take in that the connection is gone. What waits in the queue fails, or is done anew when it is back."""
        self._is_connected = False
        while self._queue:
            self._queue.popleft().failed()
        for timer in self._doubts.values():
            timer.cancel()
        for follower in self:
            follower.lose_step()

    def hear(self, room_id: str, incarnation: str, seq: int, said: bytes) -> None:
        """Take in what was published."""
        for follower in tuple(self._followers.get(room_id, {}).values()):
            follower.hear(incarnation, seq, said)

    def node_lost(self, node_id: str) -> None:
        """Take in that a node is no more, nor are its parts."""
        for follower in tuple(self):
            for part in [part for part in follower.board.others if part.rpartition("/")[0] == node_id]:
                follower.board.view.gone(part)

    def check(self, expected: Set[tuple[int, str]], found: Set[tuple[int, str]]) -> None:
        """Enter rooms again that Redis lost, given what it should have of this node and what it has."""
        for slot, room_id in expected - found:
            follower = self._followers.get(room_id, {}).get(f"{self._node_id}/{slot}")
            if follower is not None:
                self.enter(follower)

    # What jobs lead to.

    def enter(self, follower: Follower) -> None:
        if self._is_open(follower) and follower.is_in:
            follower.lose_step()
            self._add(Enter(self, follower, doubt=True))

    def doubt(self, follower: Follower) -> None:
        if not self._is_open(follower):
            return
        timer = asyncio.get_running_loop().call_later(self._lease, self._resolve, follower)
        if (before := self._doubts.pop(follower, None)) is not None:
            before.cancel()
        self._doubts[follower] = timer

    def wake_follower(self, follower: Follower) -> None:
        board = follower.board
        if self._is_connected and self._is_open(follower) and board not in self._writes:
            self._writes[board] = Write(self, follower, lambda: self._writes.pop(board, None))
            self._add(self._writes[board])

    def heard_out(self, board: Board) -> None:
        if self._unheard.get(_key(board)) is board:
            del self._unheard[_key(board)]

    def hear_out_later(self, board: Board) -> None:
        asyncio.get_running_loop().call_later(self._lease, lambda: self._hear_out(board, anew=True))

    def _hear_out(self, board: Board, *, anew: bool) -> None:
        if self._unheard.get(_key(board)) is not board:
            return
        if board.outgoing.has_words():
            self._add(LastWords(self, board, anew=anew))
        else:
            self.heard_out(board)

    def _follow(self, follower: Follower) -> None:
        self._add(Follow(self, follower))

    def _resolve(self, follower: Follower) -> None:
        del self._doubts[follower]
        self._add(Resolve(self, follower))

    def _is_open(self, follower: Follower) -> bool:
        board = follower.board
        return self._followers.get(board.room_id, {}).get(board.part_id) is follower

    def _remove(self, board: Board) -> None:
        """Follow a room no more. What its part said until now is still written."""
        if (write := self._writes.get(board)) is not None:
            write.take()
        parts = self._followers.get(board.room_id, {})
        follower = parts.get(board.part_id)
        if follower is None or follower.board is not board:
            # Somebody else has opened it again.
            return
        del parts[board.part_id]
        if not parts:
            del self._followers[board.room_id]
        if (timer := self._doubts.pop(follower, None)) is not None:
            timer.cancel()

    def _add(self, job: Job) -> None:
        if self._is_connected:
            self._queue.append(job)
            self._is_something_there.set()

    async def _done(self, job: Job) -> None:
        if not self._is_connected:
            raise BusUnavailable("the bus does not answer; try again")
        self._add(job)
        await self._wait_for(job)

    async def _wait_for(self, job: Job) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await job.wait()
        except TimeoutError:
            raise BusUnavailable("the bus does not answer; try again") from None

    async def _work_on(self, registration: Registration, jobs: list[Job] | list[Enter]) -> None:
        try:
            commands = [job.commands(registration) for job in jobs]
            answers = await registration.line.call_all([command for each in commands for command in each])
            for answer in answers:
                unfenced(answer)
        except BaseException:
            for job in jobs:
                job.failed()
            raise
        for job, each in zip(jobs, commands, strict=True):
            job.done(answers[: len(each)])
            del answers[: len(each)]


def _key(board: Board) -> tuple[int, str]:
    """Give how Redis lists a part of this node."""
    return int(board.part_id.rpartition("/")[2]), board.room_id
