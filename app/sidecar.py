"""
The way to the worker-sidecar: its control socket, and through it the workers.

* :exc:`SidecarError`
    * :exc:`SidecarUnavailable`: it is not there, or does not answer; it may be back in a moment
    * :exc:`SidecarRefused`: it answered with an error
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from loguru import logger

from app.mediasoup.channel.fbs import SchemaError
from app.mediasoup.errors import MediasoupError
from app.mediasoup.signal import Signal
from app.mediasoup.worker import Worker
from app.rtc.interfaces import AttachedWorker, RecordRefused, RecordsUnavailable
from app.rtc.waiting import Backoff, until

PROTOCOL = 1
#: Bytes of a line that the sidecar sends: all records of a worker (16 MiB there), however they are escaped.
MAX_LINE = 128 * 1024 * 1024
#: Bytes that may wait for a sidecar that does not read, before requests are refused.
MAX_UNSENT = 4 * 1024 * 1024
#: Seconds for connecting and for each answer.
ANSWER_TIMEOUT = 5.0
#: Seconds between tries to connect or attach. The first are short: a worker should be back within 2 s.
FIRST_DELAY, LONGEST_DELAY = 0.05, 0.5

T = TypeVar("T")


class SidecarError(RecordsUnavailable):
    """Something between this process and the sidecar went wrong."""


class SidecarUnavailable(SidecarError):
    """The sidecar is not there, or does not answer."""


class SidecarRefused(SidecarError, RecordRefused):
    """The sidecar answered with an error; ``name`` is its stable name, such as ``stale_incarnation``."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    """What the sidecar says; unknown fields are left to later releases."""


class Hello(_Data, frozen=True):
    """Who answers on the control socket."""

    protocol: int
    release: str
    schemas: str
    slots: list[int]


class SlotStatus(_Data, frozen=True):
    """A slot and its worker; sizes in bytes, counts since the sidecar started."""

    slot: int
    state: str
    pid: int | None
    incarnation: str | None
    started_at: str | None
    rss: int | None
    attached: bool
    frames_to_worker: int
    frames_from_worker: int
    bytes_to_worker: int
    bytes_from_worker: int
    dropped: int
    restarts: int


class Record(_Data, frozen=True):
    """A state record."""

    key: str
    value: str


class _Status(_Data, frozen=True):
    slots: list[SlotStatus]


class _WorkerStarted(_Data, frozen=True):
    slot: int
    pid: int
    incarnation: str


class _WorkerExited(_Data, frozen=True):
    slot: int


class _StateValue(_Data, frozen=True):
    value: str | None


class _StateList(_Data, frozen=True):
    incarnation: str | None
    records: list[Record]


class _StateDeleted(_Data, frozen=True):
    deleted: bool


class _Nothing(_Data, frozen=True):
    """An answer that says only that it is done."""


class _Error(_Data, frozen=True):
    name: str
    message: str


class _Line(_Data, frozen=True):
    """A line from the sidecar: an answer (``id``) or an event."""

    id: int | None = None
    ok: bool = False
    data: msgspec.Raw = msgspec.Raw(b"{}")
    error: _Error = _Error("bad_answer", "an error without a name")
    event: str | None = None


class _Connection:
    """One connection to the control socket: requests with their answers, and events."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_event: Callable[[str, msgspec.Raw], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._ids = count(1)
        self._pending: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._lines = msgspec.json.Decoder(_Line)

    async def run(self) -> None:
        """Read until the connection ends, then fail what waits. Raises SidecarError, since it should never end."""
        end: SidecarError = SidecarUnavailable("the sidecar closed the connection")
        try:
            while line := await self._reader.readline():
                self._receive(self._lines.decode(line))
        except OSError as error:
            end = SidecarUnavailable(f"the connection to the sidecar broke: {error}")
        except ValueError as error:
            # From msgspec, or from StreamReader for a line over the limit.
            end = SidecarError(f"the sidecar sent what can't be read: {error}")
        finally:
            self._writer.close()
            for answer in self._pending.values():
                if not answer.done():
                    answer.set_exception(end)
        raise end

    async def request(self, method: str, data: dict[str, Any], answer_type: type[T]) -> T:
        """Ask, and wait for the answer."""
        transport = self._writer.transport
        if transport.is_closing() or transport.get_write_buffer_size() > MAX_UNSENT:
            raise SidecarUnavailable(f"{method}: the sidecar is gone, or does not read")
        id, answer = next(self._ids), asyncio.get_running_loop().create_future()
        self._pending[id] = answer
        try:
            self._writer.write(msgspec.json.encode({"id": id, "method": method, "data": data}) + b"\n")
            async with asyncio.timeout(ANSWER_TIMEOUT):
                return msgspec.json.decode(await answer, type=answer_type)
        except TimeoutError:
            raise SidecarUnavailable(f"{method}: the sidecar did not answer in {ANSWER_TIMEOUT:g} s") from None
        except msgspec.DecodeError as error:
            raise SidecarError(f"{method}: the sidecar answered what can't be read: {error}") from error
        finally:
            del self._pending[id]

    def _receive(self, line: _Line) -> None:
        if line.event is not None:
            self._on_event(line.event, line.data)
            return
        # An answer that came too late has nobody waiting.
        answer = self._pending.get(line.id) if line.id is not None else None
        if answer is None or answer.done():
            logger.debug("the sidecar answered {}, which nobody asks", line.id)
        elif line.ok:
            answer.set_result(line.data)
        else:
            answer.set_exception(SidecarRefused(line.error.name, line.error.message))


class Sidecar:
    """
    Stays connected to the sidecar from :meth:`start` to :meth:`close`, and knows which workers run.

    It is the :class:`app.rtc.interfaces.WorkerSource` of production, and its :class:`~app.rtc.interfaces.RecordStore`.
    Requests raise :exc:`SidecarError`.
    """

    def __init__(self, run_dir: Path) -> None:
        self.slots: Sequence[int] = ()
        self.release: str | None = None
        self.on_slots: Signal[Sequence[int]] = Signal()
        self._run_dir = run_dir
        # Known once the sidecar has said hello; events of its workers may come before.
        self._schemas: Path | None = None
        self._connection: _Connection | None = None
        self._running: dict[int, _WorkerStarted] = {}
        self._told: set[int] = set()
        self._changed: Signal[()] = Signal()
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether requests can be made."""
        return self._connection is not None

    def incarnation(self, slot: int) -> str | None:
        """Which worker runs in ``slot``; ``None`` when none does, or it isn't known."""
        running = self._running.get(slot)
        return running.incarnation if running else None

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._task = asyncio.create_task(self._stay_connected(), name="sidecar")

    async def close(self) -> None:
        """Disconnect. Workers that were attached stay so."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # Workers.

    async def attach(self, slot: int) -> AttachedWorker:
        """Attach to the worker in ``slot``, waiting as long as there is none."""
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        problem = ""
        while True:
            await until(lambda: slot in self._running and self._schemas is not None, self._changed)
            running, schemas = self._running[slot], self._schemas
            assert schemas is not None
            path = self._run_dir / f"worker-{slot}.sock"
            try:
                worker = await Worker.attach(path, schemas=schemas, pid=running.pid)
            except MediasoupError as error:
                # It may just have died; the event that says so is on its way. Schemas do not mend themselves: that is
                # said, once.
                lasting = isinstance(error, SchemaError) and str(error) != problem
                logger.log("ERROR" if lasting else "DEBUG", "worker {} is not attached: {}", slot, error)
                problem = str(error)
                await self._until_replaced(running, backoff.next())
            else:
                return AttachedWorker(slot, running.incarnation, worker)

    async def _until_replaced(self, worker: _WorkerStarted, longest: float) -> None:
        """Wait until another worker, or none, is in the slot of ``worker``; at most ``longest`` seconds."""
        try:
            async with asyncio.timeout(longest):
                await until(lambda: self._running.get(worker.slot) != worker, self._changed)
        except TimeoutError:
            logger.debug("worker {} is still there", worker.slot)

    async def status(self) -> list[SlotStatus]:
        """Ask how each slot fares."""
        return (await self._request("status", {}, _Status)).slots

    async def restart(self, slot: int) -> None:
        """Replace the worker in ``slot`` with a new one; its calls end."""
        await self._request("restart", {"slot": slot}, _Nothing)

    # State records, which live and die with a worker.

    async def put_state(self, slot: int, incarnation: str, key: str, value: str) -> None:
        """Keep a record; refused as ``stale_incarnation`` when another worker runs there now."""
        await self._request(
            "state.put", {"slot": slot, "incarnation": incarnation, "key": key, "value": value}, _Nothing
        )

    async def get_state(self, slot: int, key: str) -> str | None:
        """Give a record's value; ``None`` when there is none."""
        return (await self._request("state.get", {"slot": slot, "key": key}, _StateValue)).value

    async def list_state(self, slot: int, prefix: str = "") -> tuple[str | None, list[Record]]:
        """Give the incarnation of the worker and its records whose keys begin with ``prefix``."""
        answer = await self._request("state.list", {"slot": slot, "prefix": prefix}, _StateList)
        return answer.incarnation, answer.records

    async def delete_state(self, slot: int, key: str) -> bool:
        """Drop a record; says whether there was one."""
        return (await self._request("state.delete", {"slot": slot, "key": key}, _StateDeleted)).deleted

    # The connection.

    async def _request(self, method: str, data: dict[str, Any], answer_type: type[T]) -> T:
        if self._connection is None:
            raise SidecarUnavailable(f"{method}: not connected to the sidecar")
        return await self._connection.request(method, data, answer_type)

    async def _stay_connected(self) -> None:
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        problem = ""
        while True:
            try:
                await self._serve(await self._connect(), backoff)
            except SidecarError as error:
                # Said once, not at every try.
                level = "DEBUG" if str(error) == problem else "WARNING"
                logger.log(level, "not connected to the sidecar: {}", error)
                problem = str(error)
            except Exception:
                # A mistake of ours must not cost the connection for good.
                logger.exception("not connected to the sidecar")
            await asyncio.sleep(backoff.next())

    async def _connect(self) -> _Connection:
        path = self._run_dir / "sidecar.sock"
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                reader, writer = await asyncio.open_unix_connection(path, limit=MAX_LINE)
        except OSError as error:
            raise SidecarUnavailable(f"no sidecar at {path}: {error.strerror or 'it does not answer'}") from error
        return _Connection(reader, writer, self._heard)

    async def _serve(self, connection: _Connection, backoff: Backoff) -> None:
        """Greet the sidecar, then stay with it to its end."""
        self._told = set()
        reading = asyncio.create_task(connection.run(), name="sidecar connection")
        try:
            self._greeted(await connection.request("hello", {}, Hello))
            # Before workers are known: who attaches to one may make requests too.
            self._connection = connection
            self._learn(await connection.request("status", {}, _Status))
            backoff.reset()
            await reading
        finally:
            self._connection = None
            # Whether they still run is not known any more. Those that are attached tell by themselves.
            self._running = {}
            # The next sidecar may be of another release.
            self._schemas = None
            self._changed.emit()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _greeted(self, hello: Hello) -> None:
        if hello.protocol != PROTOCOL:
            raise SidecarError(
                f"the sidecar speaks protocol {hello.protocol} and we speak {PROTOCOL}; update the older of the two"
            )
        logger.info("connected to the sidecar: mediasoup {}, slots {}", hello.release, hello.slots)
        self.release, self._schemas = hello.release, Path(hello.schemas)
        if hello.slots != self.slots:
            self.slots = hello.slots
            self.on_slots.emit(self.slots)

    def _learn(self, status: _Status) -> None:
        """Learn which workers run, except in slots of which an event has told: that is never older."""
        for each in status.slots:
            if each.slot not in self._told and each.pid is not None and each.incarnation is not None:
                self._running[each.slot] = _WorkerStarted(each.slot, each.pid, each.incarnation)
        self._changed.emit()

    def _heard(self, event: str, data: msgspec.Raw) -> None:
        if event == "worker-started":
            started = msgspec.json.decode(data, type=_WorkerStarted)
            self._told.add(started.slot)
            self._running[started.slot] = started
        elif event == "worker-exited":
            exited = msgspec.json.decode(data, type=_WorkerExited)
            self._told.add(exited.slot)
            self._running.pop(exited.slot, None)
        self._changed.emit()
