"""Other quarters for rooms whose worker died."""

from __future__ import annotations

import asyncio

from loguru import logger

from app.config import Settings
from app.errors import Unavailable
from app.mediasoup.errors import MediasoupError

from .events import Farewell
from .quarters import Quarters
from .room import Room
from .tasks import TaskSet
from .waiting import Backoff
from .worker_pool import WorkerPool

#: Seconds between tries, when a worker can't take a room.
FIRST_DELAY, LONGEST_DELAY = 0.05, 1.0


class Rebuild:
    """
    Moves rooms to the best worker that there is, at once; or to the first that comes, if there is none.

    A room for which there is none in ``settings.rebuild_seconds`` ends.
    """

    def __init__(self, pool: WorkerPool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._tasks = TaskSet()

    def watch(self, room: Room) -> None:
        """Move ``room`` whenever it has to be."""
        room.on_worker_lost.add(lambda: self._tasks.start(self._move(room), name=f"moving room {room.id}"))

    def close(self) -> None:
        """Move no more rooms."""
        self._tasks.cancel()

    async def _move(self, room: Room) -> None:
        try:
            async with asyncio.timeout(self._settings.rebuild_seconds):
                await self._find_quarters(room)
        except TimeoutError:
            room.close(Farewell.WORKER_DIED)
        except Exception:
            # A mistake of ours must not leave people in a room that is dead.
            room.close(Farewell.WORKER_DIED)
            raise

    async def _find_quarters(self, room: Room) -> None:
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        while not room.closed:
            await self._pool.wait_any()
            try:
                await self._try(room)
            except (Unavailable, MediasoupError) as error:
                # Most likely that one died, too.
                logger.bind(room=room.id).warning("the room could not be moved: {}", error)
                await asyncio.sleep(backoff.next())
            else:
                return

    async def _try(self, room: Room) -> None:
        home = self._pool.choose()
        # Counted at once: who chooses next should see it.
        home.rooms += 1
        try:
            # The codecs that clients know of, whatever the room is to have the next time.
            quarters = await Quarters.make(home, room.quarters.codecs, self._settings.limits.max_peers_per_room)
        except BaseException:
            home.rooms -= 1
            raise
        if room.closed:
            quarters.router.close()
            home.rooms -= 1
        else:
            room.move(quarters)
