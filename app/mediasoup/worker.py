"""
A worker: one process that moves media, and the root of everything in it.

It is started by :meth:`Worker.spawn` as a process of our own, or belongs to a sidecar and is reached by
:meth:`Worker.attach`. Source: mediasoup ``node/src/Worker.ts``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from . import ortc
from .adoption import adopt_into
from .channel import streams
from .channel.channel import Channel
from .channel.codec import Codec
from .channel.schema import Schema
from .data_structures import ListenInfo
from .dumps import WebRtcServerDump, WorkerDump
from .errors import ChannelError, InvalidStateError, InvalidValueError, WorkerStartError
from .memory import RouterMemory
from .router import Router
from .rtp_parameters import RtpCapabilities, RtpCodecCapability, Value
from .signal import Signal
from .tables import read
from .webrtc_server import WebRtcServer
from .worker_binary import WorkerBinary, find_worker_binary
from .worker_object import new_id

logger = logging.getLogger(__name__)
output_logger = logging.getLogger("app.mediasoup.worker")

WorkerLogLevel = Literal["debug", "warn", "error", "none"]
WorkerLogTag = Literal[
    "info", "ice", "dtls", "rtp", "srtp", "rtcp", "rtx", "bwe", "score", "simulcast", "svc", "sctp", "message"
]

#: Seconds that a new worker has to say that it runs.
START_TIMEOUT = 10.0
#: Seconds that a closed worker has to end by itself before it is killed.
EXIT_TIMEOUT = 5.0
#: The exit code of a worker that refuses its settings.
WRONG_SETTINGS = 42


class WorkerSettings(Value, frozen=True):
    """
    Settings of a worker that is started here.

    ``log_tags`` is what it logs of at the levels ``debug`` and ``warn``. ``dtls_certificate_file`` and
    ``dtls_private_key_file`` are PEM files; without them the worker makes its own. ``libwebrtc_field_trials`` tunes the
    bandwidth estimation, in libwebrtc's words. Which program is started is told to :meth:`Worker.spawn`.
    """

    log_level: WorkerLogLevel = "error"
    log_tags: tuple[WorkerLogTag, ...] = ()
    dtls_certificate_file: str | None = None
    dtls_private_key_file: str | None = None
    libwebrtc_field_trials: str = "WebRTC-Bwe-AlrLimitedBackoff/Enabled/"

    def arguments(self) -> list[str]:
        """Give the worker's command line."""
        arguments = [f"--logLevel={self.log_level}", *(f"--logTag={tag}" for tag in self.log_tags)]
        if self.dtls_certificate_file:
            arguments.append(f"--dtlsCertificateFile={self.dtls_certificate_file}")
        if self.dtls_private_key_file:
            arguments.append(f"--dtlsPrivateKeyFile={self.dtls_private_key_file}")
        if self.libwebrtc_field_trials:
            arguments.append(f"--libwebrtcFieldTrials={self.libwebrtc_field_trials}")
        return arguments


class ResourceUsage(msgspec.Struct, frozen=True):
    """What the worker's process has used (getrusage(2)); times in milliseconds, ``ru_maxrss`` in KiB."""

    ru_utime: int
    ru_stime: int
    ru_maxrss: int
    ru_ixrss: int
    ru_idrss: int
    ru_isrss: int
    ru_minflt: int
    ru_majflt: int
    ru_nswap: int
    ru_inblock: int
    ru_oublock: int
    ru_msgsnd: int
    ru_msgrcv: int
    ru_nsignals: int
    ru_nvcsw: int
    ru_nivcsw: int


class Worker:
    """
    Made by :meth:`spawn` or :meth:`attach`.

    ``routers`` and ``webrtc_servers`` hold what is open, by id; new ones are told by ``on_new_router`` and
    ``on_new_webrtc_server``. ``on_died(reason)`` fires once when the worker is lost without :meth:`close`, after
    everything in it was closed, and ``on_close`` in any case. ``subprocess_closed`` and ``on_subprocess_close`` tell
    that its process has ended, which is later than :meth:`close`, or was lost; the process of a sidecar's worker that
    was closed here goes on. ``app_data`` belongs to the application.
    """

    def __init__(
        self,
        channel: Channel,
        pid: int,
        process: streams.WorkerProcess | None,
        app_data: dict[str, Any] | None = None,
    ) -> None:
        self._channel = channel
        self._process = process
        self.pid = pid
        self.closed = False
        self.died = False
        self.subprocess_closed = False
        self.app_data: dict[str, Any] = {} if app_data is None else app_data
        self.routers: dict[str, Router] = {}
        self.webrtc_servers: dict[str, WebRtcServer] = {}
        self.on_died: Signal[str] = Signal()
        self.on_subprocess_close: Signal[()] = Signal()
        self.on_close: Signal[()] = Signal()
        self.on_new_router: Signal[Router] = Signal()
        self.on_new_webrtc_server: Signal[WebRtcServer] = Signal()
        channel.on_end.add(self._lost)
        if process is not None:
            process.exited.add_done_callback(lambda _: self._exited())

    def __repr__(self) -> str:
        return f"<Worker pid {self.pid}{' closed' if self.closed else ''}>"

    # Where workers come from.

    @classmethod
    async def spawn(
        cls,
        settings: WorkerSettings | None = None,
        *,
        binary: WorkerBinary | None = None,
        app_data: dict[str, Any] | None = None,
    ) -> Worker:
        """
        Start a worker as a process of our own, which ends with us.

        ``binary`` is what :func:`~.worker_binary.find_worker_binary` finds unless given. Raises InvalidValueError when
        the worker refuses the settings, WorkerStartError when it does not start.
        """
        settings = settings or WorkerSettings()
        binary = binary or find_worker_binary()
        codec = load_codec(binary.schemas)
        program, arguments = binary.command(settings.arguments())
        process, link = await streams.spawn(
            program,
            arguments,
            {"MEDIASOUP_VERSION": binary.release, **os.environ},
            _log_output,
        )
        channel = Channel(link, codec)
        try:
            await _until_running(channel, process)
        except BaseException:
            process.kill()
            channel.close()
            raise
        worker = cls(channel, process.pid, process, app_data)
        on_new_worker.emit(worker)
        return worker

    @classmethod
    async def attach(cls, path: Path, *, schemas: Path, pid: int, app_data: dict[str, Any] | None = None) -> Worker:
        """
        Take over the worker with that ``pid`` behind a sidecar's ``worker-<slot>.sock``.

        Whoever was attached before is cut. Raises WorkerStartError when another worker, or none, is there, and
        SchemaError when ``schemas`` can't be read.
        """
        codec = load_codec(schemas)
        link = await streams.attach(path)
        # The first id is ours alone, so that no answer to somebody before us is taken for one to us.
        first_id = random.randrange(1, 1 << 31)
        # The sidecar logs the worker's lines.
        channel = Channel(link, codec, first_id=first_id, show_logs=False)
        worker = cls(channel, pid, None, app_data)
        try:
            found = (await worker.dump()).pid
        except ChannelError as error:
            channel.close()
            raise WorkerStartError(f"the worker at {path} can't be attached: {error}") from error
        except BaseException:
            channel.close()
            raise
        if found != pid:
            channel.close()
            raise WorkerStartError(f"at {path} is worker {found}, not {pid}")
        on_new_worker.emit(worker)
        return worker

    # Asking.

    async def dump(self) -> WorkerDump:
        """Ask the worker what it holds."""
        return read(WorkerDump, await self._request("worker_dump"))

    async def get_resource_usage(self) -> ResourceUsage:
        """Ask the worker what it has used."""
        return ResourceUsage(**await self._request("worker_get_resource_usage"))

    async def update_settings(
        self, *, log_level: WorkerLogLevel | None = None, log_tags: Sequence[WorkerLogTag] | None = None
    ) -> None:
        """Change what the worker logs; what is not given stays."""
        await self._request(
            "worker_update_settings",
            (
                "Worker_UpdateSettingsRequest",
                {"log_level": log_level, "log_tags": None if log_tags is None else list(log_tags)},
            ),
        )

    async def create_webrtc_server(
        self, *, listen_infos: Sequence[ListenInfo], app_data: dict[str, Any] | None = None
    ) -> WebRtcServer:
        """Open sockets for WebRTC transports. Raises RequestRefusedError when an address is in use."""
        if not listen_infos:
            raise InvalidValueError("listen_infos", "is empty")
        server_id = new_id()
        body = {"web_rtc_server_id": server_id, "listen_infos": [info.to_table() for info in listen_infos]}
        await self._create(
            "worker_create_webrtcserver",
            server_id,
            ("Worker_CreateWebRtcServerRequest", body),
            lambda: self._post_close_webrtc_server(server_id),
        )
        return self._add_webrtc_server(server_id, app_data)

    def _add_webrtc_server(self, server_id: str, app_data: dict[str, Any] | None) -> WebRtcServer:
        server = WebRtcServer(self._channel, server_id, app_data)
        self.webrtc_servers[server_id] = server
        server.on_close.add(lambda: self.webrtc_servers.pop(server_id, None))
        self.on_new_webrtc_server.emit(server)
        return server

    async def create_router(
        self,
        *,
        media_codecs: Sequence[RtpCodecCapability] = (),
        layered_av1: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> Router:
        """
        Make a router for these codecs; ``layered_av1``: see :func:`ortc.generate_router_rtp_capabilities`.

        Raises UnsupportedError for a codec that mediasoup does not know.
        """
        capabilities = ortc.generate_router_rtp_capabilities(media_codecs, layered_av1=layered_av1)
        router_id = new_id()
        await self._create(
            "worker_create_router",
            router_id,
            ("Worker_CreateRouterRequest", {"router_id": router_id}),
            lambda: self._post_close_router(router_id),
        )
        router = self._add_router(router_id, capabilities, app_data)
        self.on_new_router.emit(router)
        return router

    def _add_router(self, router_id: str, capabilities: RtpCapabilities, app_data: dict[str, Any] | None) -> Router:
        router = Router(self._channel, router_id, rtp_capabilities=capabilities, app_data=app_data)
        self.routers[router_id] = router
        router.on_close.add(lambda: self.routers.pop(router_id, None))
        return router

    # Taking over what an earlier control plane has made.

    async def adopt_webrtc_server(self, id: str, *, app_data: dict[str, Any] | None = None) -> WebRtcServer:
        """
        Take over a WebRTC server that is in the worker; before the routers whose transports use it.

        Raises NotFoundError when it is not there.
        """
        self._check_unknown(id, self.webrtc_servers)
        # Transports that are made in it meanwhile come from nobody but us, and are told to it.
        dump = read(WebRtcServerDump, await self._channel.request("webrtcserver_dump", id))
        self._check_unknown(id, self.webrtc_servers)
        server = self._add_webrtc_server(id, app_data)
        server._waiting_for.update(dump.web_rtc_transport_ids)
        return server

    async def adopt_router(self, id: str, memory: RouterMemory, *, app_data: dict[str, Any] | None = None) -> Router:
        """
        Take over a router that is in the worker, and everything in it, as if it had been made here.

        The worker is only asked for dumps. ``memory`` is what they do not tell: ``router.memory`` of the control plane
        that made it. Raises NotFoundError when it is not there. What fails leaves the worker as it was, and no handle.
        """
        self._check_unknown(id, self.routers)
        router = self._add_router(id, memory.rtp_capabilities, app_data)
        try:
            await adopt_into(router, memory, self.webrtc_servers.values())
            router._check_open()
        except BaseException:
            router._worker_closed()
            raise
        self.on_new_router.emit(router)
        return router

    def _check_unknown(self, id: str, known: Mapping[str, object]) -> None:
        if self.closed:
            raise InvalidStateError(f"{self!r} is closed")
        if id in known:
            raise InvalidValueError("id", f"{id} is known here already")

    async def close_leftovers(self) -> int:
        """
        Close every router and WebRTC server in the worker that this object does not know; give their number.

        After an attach those are what an earlier control plane left behind.
        """
        dump = await self.dump()
        routers = [id for id in dump.router_ids if id not in self.routers]
        servers = [id for id in dump.web_rtc_server_ids if id not in self.webrtc_servers]
        for router_id in routers:
            self._post_close_router(router_id)
        for server_id in servers:
            self._post_close_webrtc_server(server_id)
        return len(routers) + len(servers)

    async def _request(self, method: str, body: tuple[str, dict[str, Any]] | None = None) -> dict[str, Any]:
        if self.closed:
            raise InvalidStateError(f"{self!r} is closed")
        return await self._channel.request(method, body=body)

    async def _create(self, method: str, id: str, body: tuple[str, dict[str, Any]], undo: Callable[[], None]) -> None:
        if self.closed:
            raise InvalidStateError(f"{self!r} is closed")
        await self._channel.create(method, "", body, new_id=id, undo=undo)
        if self.closed:
            raise InvalidStateError(f"{self!r} was closed meanwhile")

    def _post_close_router(self, router_id: str) -> None:
        body = {"router_id": router_id}
        self._channel.post("worker_close_router", body=("Worker_CloseRouterRequest", body))

    def _post_close_webrtc_server(self, server_id: str) -> None:
        body = {"web_rtc_server_id": server_id}
        self._channel.post("worker_webrtcserver_close", body=("Worker_CloseWebRtcServerRequest", body))

    # The end.

    def close(self) -> None:
        """
        Close everything in the worker that belongs to this object, and let go of it.

        A worker of our own ends (and is killed if it does not); a sidecar's goes on without us.
        """
        if self.closed:
            return
        self.closed = True
        if self._process is None:
            for router in tuple(self.routers.values()):
                router.close()
            for server in tuple(self.webrtc_servers.values()):
                server.close()
        else:
            self._close_children()
            self._channel.notify("worker_close")
            _kill_later(self._process)
        self._channel.close()
        self.on_close.emit()

    def let_go(self) -> None:
        """
        Let go of a sidecar's worker, and leave everything in it for who attaches next to adopt.

        What is known of it here closes as if the worker had died, but for ``died``. A worker of our own is closed.
        """
        if self._process is not None:
            self.close()
        elif not self.closed:
            self.closed = True
            self._close_children()
            self._channel.close()
            self.on_close.emit()

    async def wait_exited(self) -> int | None:
        """Wait for the end of a worker of our own; gives its exit code, negative for a signal."""
        return None if self._process is None else await asyncio.shield(self._process.exited)

    def _lost(self, reason: str) -> None:
        if self.closed:
            return
        self.closed = self.died = True
        if self._process is not None:
            # Its streams ended, so that it is of no use even if it should live on.
            self._process.kill()
        self._close_children()
        self.on_died.emit(reason)
        self._subprocess_closed()
        self.on_close.emit()

    def _exited(self) -> None:
        # A process that ends by itself ends its streams too, and _lost() tells the one after the other.
        if self.closed:
            self._subprocess_closed()

    def _subprocess_closed(self) -> None:
        if not self.subprocess_closed:
            self.subprocess_closed = True
            self.on_subprocess_close.emit()

    def _close_children(self) -> None:
        for router in tuple(self.routers.values()):
            router._worker_closed()
        for server in tuple(self.webrtc_servers.values()):
            server._worker_closed()


#: Tells every worker that was started or attached.
on_new_worker: Final[Signal[Worker]] = Signal()


@lru_cache(maxsize=8)
def load_codec(schemas: Path) -> Codec:
    """Make the codec for a directory of ``.fbs`` files, once."""
    return Codec(Schema.load(schemas))


async def _until_running(channel: Channel, process: streams.WorkerProcess) -> None:
    """Wait until the worker says that it runs."""
    running = asyncio.get_running_loop().create_future()

    def notified(event: str, body: dict[str, Any]) -> None:
        if event == "worker_running" and not running.done():
            running.set_result(None)

    channel.subscribe(str(process.pid), notified)
    try:
        async with asyncio.timeout(START_TIMEOUT):
            await asyncio.wait((running, process.exited), return_when=asyncio.FIRST_COMPLETED)
    except TimeoutError:
        raise WorkerStartError(f"the worker did not start in {START_TIMEOUT:g} s") from None
    finally:
        channel.unsubscribe(str(process.pid))
    if running.done():
        return
    code = process.exited.result()
    if code == WRONG_SETTINGS:
        raise InvalidValueError("settings", "the worker refused them; its log says why")
    raise WorkerStartError(f"the worker ended at once with {code}")


def _kill_later(process: streams.WorkerProcess) -> None:
    timer = asyncio.get_running_loop().call_later(EXIT_TIMEOUT, process.kill)
    process.exited.add_done_callback(lambda _: timer.cancel())


def _log_output(is_error: bool, line: str) -> None:
    output_logger.log(logging.ERROR if is_error else logging.DEBUG, "%s", line)
