"""Having the people of a draining node move to other nodes, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice

from loguru import logger

from app.rtc.events import Farewell, Move
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager
from app.rtc.tasks import TaskSet

from .nodes import Nodes

#: Seconds between two rounds, and how many are asked in each: what others bear beside their own work.
ROUND, A_ROUND = 1.0, 5
#: Seconds before the first: by then load balancers and the other nodes know that this one drains.
HEAD_START = 3.0
#: Seconds that a client has. One that is still connected then does not know how: its socket is closed.
PATIENCE = 5.0


class Moving:
    """
    Works between :meth:`start` and :meth:`stop`, and asks nobody as long as no other node has room to spare.

    Who is away is not asked: they come elsewhere by themselves, or back, and are asked then.
    """

    def __init__(self, rooms: RoomManager, nodes: Nodes) -> None:
        self._rooms = rooms
        self._nodes = nodes
        self._tasks = TaskSet()
        #: Until when those have time who were asked.
        self._asked: dict[Peer, float] = {}

    def start(self) -> None:
        """Begin; if it has begun, nothing happens."""
        if not self._tasks:
            self._tasks.start(self._move_all(), name="moving people elsewhere")

    def stop(self) -> None:
        """Ask nobody any more. Those who were asked go, unless they have not yet read it."""
        self._tasks.cancel()
        # Another start may come before these have ended.
        self._tasks = TaskSet()
        self._asked.clear()

    async def _move_all(self) -> None:
        await asyncio.sleep(HEAD_START)
        while True:
            self._end_patience()
            await self._ask_some()
            await asyncio.sleep(ROUND)

    async def _ask_some(self) -> None:
        for room, peer in islice(self._unasked(), A_ROUND):
            node = await self._nodes.elsewhere(room.id)
            if node is None or peer.closed:
                continue
            peer.log.info("asked to move to node {}", node.id)
            peer.client.notify(Move(url=node.url))
            self._asked[peer] = asyncio.get_running_loop().time() + PATIENCE

    def _unasked(self) -> Iterator[tuple[Room, Peer]]:
        """Give those who can be asked, room by room: who talk with each other meet again soon."""
        for room in self._rooms.rooms:
            for peer in (*room.peers, *room.lobby):
                if not peer.session.away and peer not in self._asked:
                    yield room, peer

    def _end_patience(self) -> None:
        now = asyncio.get_running_loop().time()
        for peer, until in tuple(self._asked.items()):
            if peer.closed:
                del self._asked[peer]
            elif now >= until and not peer.session.away:
                logger.debug("{} did not move and is sent away", peer.id)
                peer.dismiss(Farewell.DRAINING)
