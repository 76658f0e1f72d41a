"""
The bus: what connects the parts of rooms, on this node and on others. Protocols that :mod:`app.bus` implements.

A *part* of a room is what one worker of one node has of it: its router, and the peers that are served there. All parts
are equal. What one of them knows for itself, its *facts*, the others follow; what all agree on is *common*, and the
last one to say something is right. *Words* are said once and kept by nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec

from app.errors import Unavailable
from app.mediasoup.signal import Signal

#: ``<node>/<slot>``: unique among the parts of one room.
PartId = str


class BusUnavailable(Unavailable):
    """The bus does not answer now; what needs no other node goes on."""


class RequestFailed(Exception):
    """
    Another node refused a request, or did not answer in time; the text says why.

    ``code`` is that of the :exc:`app.errors.ConnectError` which the node refused it with, if it was one.
    """

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class WorkerLoad(msgspec.Struct, frozen=True, rename="camel"):
    """How busy a worker is: ``cpu`` as a share of one core, from 0 to 1."""

    slot: int
    cpu: float
    consumers: int
    rooms: int
    peers: int


class Node(msgspec.Struct, frozen=True, rename="camel"):
    """
    A node, as it describes itself to others, about once a second.

    ``epoch`` is raised whenever it comes back after others had to take it for dead. ``url`` is where clients reach its
    websocket, ``None`` if they need not choose. ``media_ip`` is where other nodes send media to.
    """

    id: str
    epoch: int
    region: str
    url: str | None
    media_ip: str
    version: str
    draining: bool = False
    workers: tuple[WorkerLoad, ...] = ()


class Part(Protocol):
    """What a part of a room offers to the bus. None of it may block, or raise."""

    def facts(self) -> Mapping[str, bytes]:
        """Give all that the others should know of this part, as it is now. Asked for after a ``touch()``."""

    def noted(self, part: PartId, key: str, value: bytes | None) -> None:
        """Take in that a fact of another part is so now, or (``None``) is no more."""

    def agreed(self, key: str, value: bytes) -> None:
        """Take in something common, that another part said, or this one while it could not be written."""

    def heard(self, part: PartId, word: bytes) -> None:
        """Take in a word of another part."""


class Board(Protocol):
    """
    A room on the bus, as one of its parts uses it, from :meth:`Bus.open` to :meth:`close`.

    What is written while the bus does not answer is written when it does again: facts as they are then, common things
    unless another part has said something newer, and the last 1,000 words of the last 5 s; older ones are dropped.
    """

    @property
    def others(self) -> Mapping[PartId, Mapping[str, bytes]]:
        """The facts of all other parts, as far as they are known."""

    @property
    def common(self) -> Mapping[str, bytes]:
        """What all agree on."""

    def touch(self) -> None:
        """Have the facts of this part looked at, in a moment: some may have changed."""

    def agree(self, key: str, value: bytes) -> None:
        """Say something that is to be common, from now on."""

    def say(self, word: bytes, to: PartId | None = None) -> None:
        """Say something to all other parts, or to one."""

    async def flush(self) -> None:
        """Wait until all is written, a second at most. Raises BusUnavailable."""

    async def close(self) -> bool:
        """
        Take the facts of this part away, and with the last part all that there is of the room.

        Says whether it was the last one; while the bus does not answer, as far as is known.
        """

    def let_go(self) -> None:
        """Follow no more, but leave the facts: who takes the part over goes on with them."""


Handler = Callable[[str, Any], Awaitable[Any]]


class Bus(Protocol):
    """
    ``on_node_lost`` fires with the id of each node that left or has to be taken for dead, after its facts are gone from
    all boards; ``on_return`` when all is written and read again after the bus did not answer for a while.
    """

    on_node_lost: Signal[str]
    on_return: Signal[()]

    @property
    def node_id(self) -> str:
        """Which node this is."""

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes that are alive, by their ids, with this one; while the bus does not answer, those of before."""

    @property
    def problem(self) -> str | None:
        """What is wrong with the bus now; ``None`` if it answers."""

    async def open(self, room_id: str, slot: int, part: Part) -> Board:
        """
        Open a room for the part of this node's worker ``slot``.

        What there is at once is in ``others`` and ``common``; the part is told what comes later. Its own facts are
        asked for when it says so with ``touch()``: until then those hold that an earlier app of this node left.

        :raises BusUnavailable: it is not possible now; known within a second
        """

    async def peek(self, room_id: str) -> tuple[Mapping[PartId, Mapping[str, bytes]], Mapping[str, bytes]]:
        """
        Give the facts of all parts of a room, and what is common; nothing if there is no such room on.

        :raises BusUnavailable: it is not possible now; known within a second
        """

    def settle(self) -> None:
        """
        Take away what an earlier app of this node left and nobody took over; to be called when all rooms are adopted.

        Until then the facts of its parts stay, so that the others don't notice a restart.
        """

    def serve(self, method: str, handler: Handler) -> None:
        """
        Answer requests of other nodes: ``handler`` gets the node's id and the data, and gives the answer's data.

        It is cancelled when the time is over that the other node gave it. A :exc:`app.errors.ConnectError` that it
        raises arrives as RequestFailed with the same text and code.
        """

    async def request(self, node_id: str, method: str, data: Any, *, timeout: float = 2.0) -> Any:  # noqa: ASYNC109
        """
        Ask a node something, this one included; data are what msgspec makes JSON of, and arrive as plain values.

        :raises BusUnavailable: the bus does not answer
        :raises RequestFailed: the node refused, or did not answer in time
        """
