"""The composition root: builds all parts of the app bottom-up, and stops them top-down."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import logging
import signal
from collections.abc import Awaitable

import uvloop
from loguru import logger

import app

from .bus.in_process import InProcessBus
from .bus.redis_bus import RedisBus
from .config import Settings
from .listening.lease import Lease
from .listening.sockets import Address
from .log import set_up_logging
from .rtc.adoption import Heir
from .rtc.room_manager import RoomManager
from .rtc.tasks import TaskSet
from .rtc.worker_loads import WorkerLoads
from .rtc.worker_pool import WorkerPool
from .services.nodes import Nodes
from .services.services import Services
from .services.this_node import ThisNode, node_id
from .sidecar import Sidecar
from .signaling.endpoint import Signaling
from .web.access_log import AccessLog
from .web.admin import Admin
from .web.api_keys import ApiKeys
from .web.application import make_application
from .web.auth import Auth
from .web.bans import Bans
from .web.history import CallHistory
from .web.invitations import Invitations
from .web.members import Members
from .web.nodes import Nodes as NodesResource
from .web.origins import Origins
from .web.participants import Participants
from .web.rooms import Rooms
from .web.runner import Runner

#: Seconds that requests have to be answered when the server stops.
ANSWERING_SECONDS = 3.0
#: Seconds after which a stop that hangs, wherever it may, ends the process with a traceback.
LAST_RESORT = 9.5


class Server:
    """
    One app process: listens from :meth:`start` to :meth:`stop`.

    It need not wait for the sidecar, nor for the database: until they are there, and whenever they are gone, what needs
    them is answered 503.

    :raises SettingsError: the secret keys, or the id of this node, can't be read
    """

    def __init__(self, settings: Settings) -> None:
        self.sidecar = Sidecar(settings.run_dir)
        self.pool = WorkerPool(self.sidecar, settings)
        self.loads = WorkerLoads(self.pool)
        this = ThisNode(node_id(settings), settings, self.loads.current)
        self.bus = make_bus(settings, this)
        self.rooms = RoomManager(self.pool, settings, self.sidecar, self.bus)
        self.heir = Heir(self.pool, self.rooms, self.sidecar, settings)
        self.services = Services(settings, self.rooms, Nodes(self.bus, this, settings))
        self.signaling = Signaling(self.rooms, self.services.drain, settings, Origins(settings).allows)
        application = make_application(
            self.pool,
            self.signaling.handle,
            settings,
            resources=resources_of(self.services),
            authenticate=self.services.authenticate,
            hindrance=lambda: self.services.drain.problem or self.services.database.problem,
            bus_problem=lambda: self.bus.problem,
            node_urls=lambda: self.services.nodes.urls,
        )
        self._runner = Runner(
            application,
            access_log=logging.getLogger("aiohttp.access") if settings.log_level == "debug" else None,
            access_log_class=AccessLog,
            keepalive_timeout=75,
            shutdown_timeout=0.5,
        )
        self._tasks = TaskSet()
        self._lease = Lease(Address.of(settings))

    @property
    def urls(self) -> str:
        """Where it listens, for people to read."""
        return " and ".join(sorted(site.name for site in self._runner.sites))

    async def start(self) -> None:
        """
        Listen, and begin to look for the sidecar and the database.

        :raises OSError: the address can't be listened at
        """
        await self._runner.setup()
        # First, for only one app may have the workers: the one that has the address.
        sockets = await self._lease.open()
        self.services.start()
        self.sidecar.start()
        await self.bus.start()
        self.pool.start()
        self.loads.start()
        self._tasks.start(self._settle(), name="settling")
        # Nobody before, who would not find the rooms that are about to be taken over.
        await self._runner.listen(sockets)

    async def stop(self) -> None:
        """
        Stop accepting, answer what was asked, and let go of clients, rooms and workers: the next app goes on with them.

        Who connects from now on waits for it, if there is a listener. A part that does not end in its time,
        or fails, does not keep the others from ending; all of it takes less than ``LAST_RESORT`` seconds.
        """
        await _step("listening", self._stop_listening(), 0.3)
        await asyncio.gather(
            _step("signaling", self.signaling.close(), 3.3),
            _step("answers", self._runner.finish(ANSWERING_SECONDS), 3.3),
        )
        self._tasks.cancel()
        self.loads.close()
        await _step("rooms", self.rooms.let_go(), 1.5)
        await _step("bus", self.bus.let_go(), 0.3)
        await _step("services", self.services.close(), 2.5)
        await _step("workers", self.pool.let_go(), 0.3)
        await _step("sidecar", self.sidecar.close(), 0.3)
        await _step("http", self._runner.cleanup(), 0.8)

    async def _settle(self) -> None:
        """Let the others know that what was not taken over of an earlier process is gone."""
        await self.rooms.wait_settled()
        self.bus.settle()

    async def _stop_listening(self) -> None:
        await self._runner.stop_listening()
        await self._lease.close()


def make_bus(settings: Settings, this: ThisNode) -> InProcessBus | RedisBus:
    """Make what connects this node with the others, or its own workers if it is alone."""
    if settings.redis_url is None:
        return InProcessBus(this.id, this.describe)
    return RedisBus(settings.redis_url, this.id, this.describe, settings.node_lease_seconds)


def resources_of(services: Services) -> list[object]:
    """Make all of the REST API, in the order in which it is documented."""
    return [
        Auth(services.accounts, services.logins),
        Rooms(services.rooms, services.joining),
        Members(services.members),
        Invitations(services.invitations),
        Bans(services.bans),
        Participants(services.moderation),
        CallHistory(services.past_calls),
        ApiKeys(services.api_keys),
        Admin(services.drain),
        NodesResource(services.nodes),
    ]


async def _step(name: str, ending: Awaitable[None], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await ending
    except TimeoutError:
        logger.error("stopping {} took longer than {} s; going on without", name, seconds)
    except Exception:
        logger.exception("stopping {} failed; going on", name)


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; gives the exit code."""
    set_up_logging(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = Server(settings)
    address = Address.of(settings)
    try:
        await server.start()
    except OSError as error:
        logger.error("can't listen on {}: {}", address, error.strerror or error)
        await server.stop()
        return 1
    _tune_garbage_collection()
    logger.info("Connect {} listens on {}", app.__version__, server.urls)
    await stop.wait()
    logger.info("stopping")
    # Runs in a thread of its own, so that it also ends a loop that is stuck.
    faulthandler.dump_traceback_later(LAST_RESORT, exit=True)
    await server.stop()
    logger.info("stopped")
    return 0


def _tune_garbage_collection() -> None:
    """Look through fewer objects, less often: pauses of the collector are what slow answers are made of."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 25, 25)
