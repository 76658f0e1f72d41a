from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from app import sidecar as sidecar_module
from app.mediasoup.channel.fbs import SchemaError
from app.mediasoup.errors import WorkerStartError
from app.mediasoup.worker import Worker
from app.sidecar import Sidecar, SidecarError, SidecarRefused, SidecarUnavailable
from tests.conftest import SidecarProcess
from tests.rtc.fakes import until

HELLO = {"protocol": 1, "release": "3.27.1", "schemas": "schemas", "pid": 1}
IDLE = {
    **{"slot": 0, "state": "starting", "pid": None, "incarnation": None, "startedAt": None, "rss": None},
    **{"attached": False, "framesToWorker": 0, "framesFromWorker": 0, "bytesToWorker": 0, "bytesFromWorker": 0},
    **{"dropped": 0, "restarts": 0},
}
RUNNING = {**IDLE, "state": "running", "pid": 7, "incarnation": "first"}

Answer = Callable[["FakeSidecar", dict[str, Any]], None]


class FakeSidecar:
    """A control socket that says what a real sidecar would not; each request is answered by ``answers[method]``."""

    def __init__(self, run_dir: Path) -> None:
        self.connections = 0
        self.slots = [0]
        self.answers: dict[str, Answer] = {
            "hello": lambda fake, request: fake.answer(request, {**HELLO, "slots": fake.slots}),
            "status": lambda fake, request: fake.answer(request, {"slots": [IDLE]}),
        }
        self._path = run_dir / "sidecar.sock"
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.hang_up()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def say(self, line: bytes) -> None:
        assert self._writer is not None
        self._writer.write(line + b"\n")

    def answer(self, request: dict[str, Any], data: Any) -> None:
        self.say(json.dumps({"id": request["id"], "ok": True, "data": data}).encode())

    def tell(self, event: str, **data: Any) -> None:
        self.say(json.dumps({"event": event, "data": data}).encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writer = writer
        while line := await reader.readline():
            request = json.loads(line)
            if (answer := self.answers.get(request["method"])) is not None:
                answer(self, request)
        writer.close()


@pytest.fixture
async def fake(run_dir: Path) -> AsyncIterator[FakeSidecar]:
    fake = FakeSidecar(run_dir)
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def sidecar(run_dir: Path) -> AsyncIterator[Sidecar]:
    """A client that tries to connect to whatever sidecar the test has."""
    sidecar = Sidecar(run_dir)
    sidecar.start()
    yield sidecar
    await sidecar.close()


async def connected(sidecar: Sidecar) -> Sidecar:
    await until(lambda: sidecar.connected)
    return sidecar


async def hung_up(fake: FakeSidecar, sidecar: Sidecar) -> None:
    """End the connection, and wait for the next."""
    before = fake.connections
    fake.hang_up()
    await until(lambda: fake.connections > before and sidecar.connected)


# With a real sidecar.


async def test_it_waits_for_a_sidecar_and_learns_what_it_runs(idle_sidecar: SidecarProcess, sidecar: Sidecar) -> None:
    told: list[list[int]] = []
    sidecar.on_slots.add(lambda slots: told.append(list(slots)))
    assert (sidecar.slots, sidecar.release, sidecar.connected) == ((), None, False)
    await idle_sidecar.start()
    await connected(sidecar)
    assert told == [[0, 1]]
    assert (sidecar.slots, sidecar.release) == ([0, 1], "3.27.1")


async def test_it_attaches_to_the_worker_in_a_slot(sidecar_process: SidecarProcess, sidecar: Sidecar) -> None:
    attached = await sidecar.attach(1)
    status = {each.slot: each for each in await sidecar.status()}
    assert attached.slot == 1
    assert (attached.worker.pid, attached.incarnation) == (status[1].pid, status[1].incarnation)
    assert (status[1].attached, status[0].attached) == (True, False)
    attached.worker.close()


async def test_it_attaches_to_the_next_worker_when_one_was_killed(
    sidecar_process: SidecarProcess, sidecar: Sidecar
) -> None:
    first = await sidecar.attach(0)
    os.kill(first.worker.pid, signal.SIGKILL)
    # At once, so that it may find the old one still in the books.
    second = await sidecar.attach(0)
    assert second.worker.pid != first.worker.pid
    assert second.incarnation != first.incarnation
    await until(lambda: first.worker.died)
    second.worker.close()


async def test_a_restart_replaces_the_worker(sidecar_process: SidecarProcess, sidecar: Sidecar) -> None:
    first = await sidecar.attach(0)
    await sidecar.restart(0)
    await until(lambda: first.worker.closed)
    second = await sidecar.attach(0)
    assert second.incarnation != first.incarnation
    second.worker.close()


async def test_state_records_belong_to_a_worker(sidecar_process: SidecarProcess, sidecar: Sidecar) -> None:
    first = await sidecar.attach(0)
    await sidecar.put_state(0, first.incarnation, "room/a", '{"peers": "Zoë"}')
    await sidecar.put_state(0, first.incarnation, "peer/a", "x")
    assert await sidecar.get_state(0, "room/a") == '{"peers": "Zoë"}'
    incarnation, records = await sidecar.list_state(0, "room/")
    assert (incarnation, [record.key for record in records]) == (first.incarnation, ["room/a"])
    assert await sidecar.delete_state(0, "peer/a") is True
    assert await sidecar.delete_state(0, "peer/a") is False

    os.kill(first.worker.pid, signal.SIGKILL)
    second = await sidecar.attach(0)
    assert await sidecar.get_state(0, "room/a") is None
    with pytest.raises(SidecarRefused) as refused:
        await sidecar.put_state(0, first.incarnation, "room/a", "stale")
    assert refused.value.name == "stale_incarnation"
    second.worker.close()


async def test_all_records_that_a_worker_may_have_fit_an_answer(
    sidecar_process: SidecarProcess, sidecar: Sidecar
) -> None:
    attached = await sidecar.attach(0)
    # Records are JSON themselves, most likely, so that they grow when they are quoted.
    value = '"' * 100_000
    for number in range(160):
        await sidecar.put_state(0, attached.incarnation, f"{number}", value)
    _, records = await sidecar.list_state(0)
    assert len(records) == 160
    assert records[-1].value == value
    attached.worker.close()


async def test_it_goes_on_with_the_next_sidecar(sidecar_process: SidecarProcess, sidecar: Sidecar) -> None:
    first = await sidecar.attach(0)
    await sidecar_process.stop(signal.SIGKILL)
    await until(lambda: first.worker.died and not sidecar.connected)
    with pytest.raises(SidecarUnavailable):
        await sidecar.status()
    await sidecar_process.start()
    second = await sidecar.attach(0)
    assert second.incarnation != first.incarnation
    second.worker.close()


# With one that misbehaves.


async def test_a_request_without_a_connection_is_refused_at_once(sidecar: Sidecar) -> None:
    with pytest.raises(SidecarUnavailable, match="not connected"):
        await sidecar.restart(0)


async def test_another_protocol_is_not_spoken(fake: FakeSidecar, sidecar: Sidecar) -> None:
    usual = fake.answers["hello"]
    fake.answers["hello"] = lambda fake, request: fake.answer(request, {**HELLO, "slots": [0], "protocol": 2})
    # It tries again, since the other side may be updated meanwhile.
    await until(lambda: fake.connections > 1)
    assert not sidecar.connected
    fake.answers["hello"] = usual
    await connected(sidecar)


async def test_it_connects_again_after_what_cannot_be_read(fake: FakeSidecar, sidecar: Sidecar) -> None:
    await connected(sidecar)
    fake.answers["restart"] = lambda fake, request: fake.say(b"\xff not json")
    with pytest.raises(SidecarError, match="can't be read"):
        await sidecar.restart(0)
    await until(lambda: fake.connections == 2)
    await connected(sidecar)


async def test_a_line_without_end_ends_the_connection(
    fake: FakeSidecar, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecar_module, "MAX_LINE", 4096)
    sidecar = Sidecar(run_dir)
    sidecar.start()
    await connected(sidecar)
    fake.answers["restart"] = lambda fake, request: fake.say(b"x" * 10_000)
    with pytest.raises(SidecarError, match="can't be read"):
        await sidecar.restart(0)
    await sidecar.close()


async def test_what_waits_fails_when_the_connection_ends(fake: FakeSidecar, sidecar: Sidecar) -> None:
    await connected(sidecar)
    fake.answers["restart"] = lambda fake, request: fake.hang_up()
    with pytest.raises(SidecarUnavailable, match="closed the connection"):
        await sidecar.restart(0)


async def test_an_answer_that_does_not_come_is_not_waited_for(
    fake: FakeSidecar, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connected(sidecar)
    monkeypatch.setattr(sidecar_module, "ANSWER_TIMEOUT", 0.05)
    asked: list[dict[str, Any]] = []
    fake.answers["restart"] = lambda fake, request: asked.append(request)
    with pytest.raises(SidecarUnavailable, match="did not answer"):
        await sidecar.restart(0)
    # What comes too late harms nobody.
    monkeypatch.undo()
    fake.answer(asked[0], {})
    assert [each.slot for each in await sidecar.status()] == [0]


async def test_an_answer_of_another_shape_is_an_error(fake: FakeSidecar, sidecar: Sidecar) -> None:
    await connected(sidecar)
    fake.answers["state.get"] = lambda fake, request: fake.answer(request, {"value": 7})
    with pytest.raises(SidecarError, match=r"state\.get"):
        await sidecar.get_state(0, "room/a")


async def test_a_sidecar_that_does_not_read_is_not_flooded(
    fake: FakeSidecar, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connected(sidecar)
    monkeypatch.setattr(sidecar_module, "MAX_UNSENT", -1)
    with pytest.raises(SidecarUnavailable, match="does not read"):
        await sidecar.restart(0)


async def test_an_event_of_a_slot_is_newer_than_the_status(fake: FakeSidecar, sidecar: Sidecar) -> None:
    def status(fake: FakeSidecar, request: dict[str, Any]) -> None:
        # The worker of the status dies, and another starts, before the status arrives at whom it is for.
        fake.answer(request, {"slots": [RUNNING]})
        fake.tell("worker-exited", slot=0, pid=7, incarnation="first", code=None, signal="SIGKILL")
        fake.tell("worker-started", slot=0, pid=8, incarnation="second", startedAt="")

    fake.answers["status"] = status
    fake.answers["state.get"] = lambda fake, request: fake.answer(request, {"value": None})
    await until(lambda: sidecar.incarnation(0) == "second")
    # By the time that this is answered the status has been looked at.
    await sidecar.get_state(0, "room/a")
    assert sidecar.incarnation(0) == "second"


async def test_nobody_attaches_before_the_sidecar_said_where_the_schemas_are(
    fake: FakeSidecar, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Path] = []

    async def attach(path: Path, *, schemas: Path, pid: int) -> None:
        used.append(schemas)
        raise WorkerStartError("no worker in this test")

    monkeypatch.setattr(Worker, "attach", attach)
    hello: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def overtake(fake: FakeSidecar, request: dict[str, Any]) -> None:
        fake.tell("worker-started", slot=0, pid=8, incarnation="first", startedAt="")
        hello.set_result(request)

    fake.answers["hello"] = overtake
    attaching = asyncio.create_task(sidecar.attach(0))
    request = await hello
    await until(lambda: sidecar.incarnation(0) == "first")
    assert used == []
    fake.answer(request, {**HELLO, "slots": [0]})
    await until(lambda: used != [])
    assert set(used) == {Path("schemas")}
    attaching.cancel()
    await asyncio.gather(attaching, return_exceptions=True)


async def test_schemas_that_cannot_be_read_are_said_once(
    fake: FakeSidecar, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    async def attach(path: Path, *, schemas: Path, pid: int) -> None:
        tries.append(pid)
        raise SchemaError("no .fbs files there")

    monkeypatch.setattr(Worker, "attach", attach)
    said: list[str] = []
    sink = logger.add(said.append, level="ERROR", format="{message}")
    fake.answers["status"] = lambda fake, request: fake.answer(request, {"slots": [RUNNING]})
    attaching = asyncio.create_task(sidecar.attach(0))
    await until(lambda: len(tries) >= 3)
    logger.remove(sink)
    assert said == ["worker 0 is not attached: no .fbs files there\n"]
    attaching.cancel()
    await asyncio.gather(attaching, return_exceptions=True)


async def test_events_that_are_not_known_are_left_to_later_releases(fake: FakeSidecar, sidecar: Sidecar) -> None:
    await connected(sidecar)
    fake.tell("coffee-ready", cups=2)
    fake.tell("worker-started", slot=0, pid=8, incarnation="second", startedAt="", extra=1)
    await until(lambda: sidecar.incarnation(0) == "second")
    fake.tell("worker-exited", slot=0, pid=8, incarnation="second", code=0, signal=None)
    await until(lambda: sidecar.incarnation(0) is None)
    assert fake.connections == 1


async def test_slots_are_told_again_only_when_they_changed(fake: FakeSidecar, sidecar: Sidecar) -> None:
    told: list[list[int]] = []
    sidecar.on_slots.add(lambda slots: told.append(list(slots)))
    await connected(sidecar)
    for slots in ([0], [0, 1]):
        fake.slots = slots
        await hung_up(fake, sidecar)
    assert told == [[0], [0, 1]]


async def test_closing_ends_the_connection_and_every_task(fake: FakeSidecar, run_dir: Path) -> None:
    before = asyncio.all_tasks()
    sidecar = Sidecar(run_dir)
    await sidecar.close()
    sidecar.start()
    await connected(sidecar)
    await sidecar.close()
    await sidecar.close()
    assert not sidecar.connected
    # But for the fake's own, which notices and goes.
    await until(lambda: asyncio.all_tasks() == before)
