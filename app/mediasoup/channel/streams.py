"""
Where the two byte streams of a worker come from: a process of our own, or a sidecar's socket.

Source: mediasoup ``node/src/Worker.ts`` (arguments, descriptors, exit codes).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import WorkerStartError

READ_SIZE = 256 * 1024
#: Seconds to reach a sidecar's socket.
CONNECT_TIMEOUT = 5.0

OnData = Callable[[bytes], None]
OnEnd = Callable[[str], None]


class _Side(asyncio.BufferedProtocol):
    """One stream: passes on what comes in, and tells the end of it."""

    def __init__(self, on_end: OnEnd) -> None:
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._on_end = on_end
        self.on_data: OnData | None = None

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self.on_data is not None:
            self.on_data(bytes(self._buffer[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_end(f"the worker's stream broke: {exc}" if exc else "the worker ended its stream")


class SocketLink:
    """
    The byte streams of a worker over one or two sockets.

    A sidecar's socket carries both directions; a process of our own has one descriptor for each. What is written in
    one turn of the loop goes out together at its end: a system call costs more than all else about a request.
    """

    def __init__(self) -> None:
        self._on_end: OnEnd | None = None
        self._ended: str | None = None
        self._sides: list[_Side] = []
        self._transports: list[asyncio.Transport] = []
        self._outgoing: list[bytes] = []
        self._outgoing_size = 0

    @classmethod
    async def over(cls, to_worker: socket.socket, from_worker: socket.socket | None = None) -> SocketLink:
        """Take over connected sockets; with one socket it serves both ways."""
        link = cls()
        for sock in (to_worker, from_worker):
            if sock is not None:
                await link._add(sock)
        return link

    async def _add(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, side = await loop.create_connection(lambda: _Side(self._side_ended), sock=sock)
        # Nothing may be lost between the connection and start().
        transport.pause_reading()
        self._sides.append(side)
        self._transports.append(transport)

    def start(self, on_data: OnData, on_end: OnEnd) -> None:
        self._on_end = on_end
        if self._ended is not None:
            asyncio.get_running_loop().call_soon(on_end, self._ended)
            return
        for side, transport in zip(self._sides, self._transports, strict=True):
            side.on_data = on_data
            transport.resume_reading()

    def write(self, data: bytes) -> None:
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(data)
        self._outgoing_size += len(data)

    def unwritten(self) -> int:
        return self._outgoing_size + self._transports[0].get_write_buffer_size()

    def _flush(self) -> None:
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        self._outgoing_size = 0
        # One that is lost already takes no more, and its worker neither.
        if data and not self._transports[0].is_closing():
            self._transports[0].write(data)

    def close(self) -> None:
        self._flush()
        for transport in self._transports:
            transport.close()

    def _side_ended(self, reason: str) -> None:
        if self._ended is None:
            self._ended = reason
            self.close()
            if self._on_end is not None:
                self._on_end(reason)


async def attach(path: Path) -> SocketLink:
    """
    Connect to the worker behind a sidecar's ``worker-<slot>.sock``.

    Raises WorkerStartError when nobody answers there.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await asyncio.get_running_loop().sock_connect(sock, str(path))
            return await SocketLink.over(sock)
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError | TimeoutError):
            raise WorkerStartError(f"no worker at {path}: {error or 'no answer'}") from error
        raise


class WorkerProcess:
    """
    A worker that this process started.

    ``on_output`` gets its lines on stdout (False) and stderr (True), ``exited`` resolves to its exit code, negative
    for a signal.
    """

    def __init__(self, pid: int, outputs: Sequence[int], on_output: Callable[[bool, str], None]) -> None:
        self.pid = pid
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = self._loop.create_future()
        self._on_output = on_output
        self._outputs = dict.fromkeys(outputs, b"")
        self._stderr = outputs[1]
        self._pidfd = os.pidfd_open(pid)
        self._loop.add_reader(self._pidfd, self._reap)
        for fd in outputs:
            os.set_blocking(fd, False)
            self._loop.add_reader(fd, self._read_output, fd)

    def terminate(self) -> None:
        """Ask it to end; no error when it has."""
        if not self.exited.done():
            signal.pidfd_send_signal(self._pidfd, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once; no error when it has ended."""
        if not self.exited.done():
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def _reap(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        _, status = os.waitpid(self.pid, 0)
        for fd in tuple(self._outputs):
            self._read_output(fd)
        self.exited.set_result(os.waitstatus_to_exitcode(status))

    def _read_output(self, fd: int) -> None:
        with suppress(BlockingIOError):
            data = os.read(fd, 65536)
            if not data:
                self._loop.remove_reader(fd)
                os.close(fd)
                self._emit_lines(fd, self._outputs.pop(fd).split(b"\n"))
                return
            *lines, rest = (self._outputs[fd] + data).split(b"\n")
            # A line without end would grow without bound.
            self._outputs[fd] = rest[-65536:]
            self._emit_lines(fd, lines)

    def _emit_lines(self, fd: int, lines: Sequence[bytes]) -> None:
        for line in lines:
            if line:
                self._on_output(fd == self._stderr, line.decode(errors="replace"))


async def spawn(
    worker_bin: Path,
    args: Sequence[str],
    env: Mapping[str, str],
    on_output: Callable[[bool, str], None],
) -> tuple[WorkerProcess, SocketLink]:
    """
    Start a worker in a session of its own, so that a signal to our process group does not reach it.

    It reads requests from descriptor 3 and writes to 4. ``env`` must hold ``MEDIASOUP_VERSION``. Raises
    WorkerStartError when the program can't be run.
    """
    to_worker, worker_in = socket.socketpair()
    from_worker, worker_out = socket.socketpair()
    stdout, worker_stdout = os.pipe()
    stderr, worker_stderr = os.pipe()
    # Parked at 10 and above, so that none of them is in the way of another's number.
    parked = [
        fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
        for fd in (worker_stdout, worker_stderr, worker_in.fileno(), worker_out.fileno())
    ]
    worker_in.close()
    worker_out.close()
    os.close(worker_stdout)
    os.close(worker_stderr)
    try:
        # It returns as soon as the program runs: nothing to wait for.
        pid = os.posix_spawn(  # noqa: ASYNC221
            worker_bin,
            [str(worker_bin), *args],
            dict(env),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                *((os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(parked, start=1)),
            ],
            setsid=True,
        )
    except OSError as error:
        for sock in (to_worker, from_worker):
            sock.close()
        for fd in (stdout, stderr):
            os.close(fd)
        raise WorkerStartError(f"{worker_bin} can't be run: {error.strerror}") from error
    finally:
        for fd in parked:
            os.close(fd)
    process = WorkerProcess(pid, (stdout, stderr), on_output)
    return process, await SocketLink.over(to_worker, from_worker)
