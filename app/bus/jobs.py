"""What a node does to rooms in Redis, one thing after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from app.rtc.bus import BusUnavailable, PartId

from .batch import Batch, encode
from .board import Board
from .follower import Follower
from .lines import Command
from .registration import Registration


class Jobs(Protocol):
    """What jobs lead to."""

    def enter(self, follower: Follower) -> None:
        """Be a part of the room again: Redis does not know it."""

    def doubt(self, follower: Follower) -> None:
        """Look again later at parts that may be about to come back."""

    def wake_follower(self, follower: Follower) -> None:
        """Write what there is to say."""

    def heard_out(self, board: Board) -> None:
        """Take in that the last words of a part are written."""

    def hear_out_later(self, board: Board) -> None:
        """Write the last words of a part when others had time to come back to the room: Redis does not know it."""


class Job:
    """Commands that go out together, and what becomes of their answers. Callers may wait for it."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        """Wait until it is done; raises BusUnavailable."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def commands(self, registration: Registration) -> Sequence[Command]:
        return ()

    def take_answers(self, answers: Sequence[Any]) -> None: ...

    def done(self, answers: Sequence[Any]) -> None:
        """Take in what Redis says."""
        self.take_answers(answers)
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    def failed(self) -> None:
        """Take in that it is unknown whether it was done."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(BusUnavailable("the bus does not answer; try again"))


class Enter(Job):
    """Be a part of a room, or be it again: then with all that Redis may have forgotten."""

    def __init__(self, jobs: Jobs, follower: Follower, *, doubt: bool) -> None:
        super().__init__()
        self._jobs = jobs
        self._follower = follower
        self._doubt = doubt

    def commands(self, registration: Registration) -> Sequence[Command]:
        follower, board = self._follower, self._follower.board
        view = board.view
        common = {key: (stamp, view.common[key]) for key, stamp in view.stamps.items()}
        said = encode(board.outgoing.take_whole(common))
        keeps = "" if board.outgoing.was_touched else "keeps"
        position = follower.incarnation, follower.seq
        return [registration.command("enter", board.room_id, board.part_id, said, keeps, *position)]

    def take_answers(self, answers: Sequence[Any]) -> None:
        self._follower.is_in = True
        if self._follower.catch_up(answers[0], doubt=self._doubt):
            self._jobs.doubt(self._follower)
        self._jobs.wake_follower(self._follower)


class Write(Job):
    """Write what a part has to say by then."""

    def __init__(self, jobs: Jobs, follower: Follower, on_taken: Callable[[], object]) -> None:
        super().__init__()
        self._jobs = jobs
        self._follower = follower
        self._on_taken = on_taken
        self._batches: list[Batch] | None = None

    def take(self) -> list[Batch]:
        """Take what the part has to say, once."""
        if self._batches is None:
            self._on_taken()
            # Who is not in, says it all when it enters.
            self._batches = self._follower.board.outgoing.take() if self._follower.is_in else []
        return self._batches

    def commands(self, registration: Registration) -> Sequence[Command]:
        room_id = self._follower.board.room_id
        return [registration.command("write", room_id, batch.to, encode(batch)) for batch in self.take()]

    def take_answers(self, answers: Sequence[Any]) -> None:
        if b"missing" in answers:
            self._put_back()
            self._jobs.enter(self._follower)

    def failed(self) -> None:
        self._on_taken()
        self._put_back()
        super().failed()

    def _put_back(self) -> None:
        self._follower.board.outgoing.put_back(self._batches or ())


class Leave(Job):
    """Be a part of a room no more; ``was_last`` says, afterwards, whether the room has ended with that."""

    def __init__(self, room_id: str, part_id: PartId) -> None:
        super().__init__()
        self.was_last = False
        self._arguments = room_id, part_id

    def commands(self, registration: Registration) -> Sequence[Command]:
        return [registration.command("leave", *self._arguments)]

    def take_answers(self, answers: Sequence[Any]) -> None:
        self.was_last = answers[0] == b"last"


class LastWords(Job):
    """Write what a part said that was closed while the bus was away, and leave; ``anew``: enter again for that."""

    def __init__(self, jobs: Jobs, board: Board, *, anew: bool) -> None:
        super().__init__()
        self._jobs = jobs
        self._board = board
        self._anew = anew
        self._batches: list[Batch] = []

    def commands(self, registration: Registration) -> Sequence[Command]:
        room_id, part_id = self._board.room_id, self._board.part_id
        self._batches = self._board.outgoing.take()
        nothing = encode(Batch(part_id, whole=True))
        enter = registration.command("enter", room_id, part_id, nothing, "", "", 0)
        writes = [registration.command("write", room_id, batch.to, encode(batch)) for batch in self._batches]
        leave = registration.command("leave", room_id, part_id)
        return [*([enter] if self._anew else []), *writes, leave]

    def take_answers(self, answers: Sequence[Any]) -> None:
        if b"missing" in answers:
            self._board.outgoing.put_back(self._batches)
            self._jobs.hear_out_later(self._board)
        else:
            self._jobs.heard_out(self._board)

    def failed(self) -> None:
        self._board.outgoing.put_back(self._batches)
        super().failed()


class Follow(Job):
    """Read what was missed."""

    def __init__(self, jobs: Jobs, follower: Follower) -> None:
        super().__init__()
        self._jobs = jobs
        self._follower = follower

    def commands(self, registration: Registration) -> Sequence[Command]:
        follower = self._follower
        return [registration.command("follow", follower.board.room_id, follower.incarnation, follower.seq)]

    def take_answers(self, answers: Sequence[Any]) -> None:
        if answers[0] == b"missing":
            self._jobs.enter(self._follower)
        else:
            self._follower.catch_up(answers[0], doubt=False)


class Resolve(Job):
    """Give up parts that did not come back."""

    def __init__(self, jobs: Jobs, follower: Follower) -> None:
        super().__init__()
        self._jobs = jobs
        self._follower = follower

    def commands(self, registration: Registration) -> Sequence[Command]:
        return [registration.command("follow", self._follower.board.room_id, "", 0)]

    def take_answers(self, answers: Sequence[Any]) -> None:
        if answers[0] == b"missing":
            self._jobs.enter(self._follower)
        else:
            self._follower.give_up_missing(answers[0])
