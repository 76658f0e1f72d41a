"""A worker's process: how it is started, and how its end is told."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from app.mediasoup import on_new_worker
from app.mediasoup.worker import Worker, WorkerSettings
from app.mediasoup.worker_binary import WorkerBinary

from .events import record, until


async def test_the_end_of_the_process_comes_after_the_end_of_the_worker() -> None:
    worker = await Worker.spawn()
    told = record(process=worker.on_subprocess_close, worker=worker.on_close, died=worker.on_died)
    worker.close()
    assert (worker.closed, worker.subprocess_closed) == (True, False)
    await until(lambda: worker.subprocess_closed)
    assert (told, worker.died) == (["worker", "process"], False)
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


async def test_a_worker_that_died_has_no_process() -> None:
    worker = await Worker.spawn()
    told = record(process=worker.on_subprocess_close, worker=worker.on_close, died=worker.on_died)
    os.kill(worker.pid, signal.SIGKILL)
    await until(lambda: worker.died)
    assert worker.subprocess_closed
    await worker.wait_exited()
    assert told == ["died", "process", "worker"]


async def test_new_workers_are_told_to_the_whole_program() -> None:
    told: list[Worker] = []
    on_new_worker.add(told.append)
    worker = await Worker.spawn(app_data={"region": "here"})
    on_new_worker.remove(told.append)
    worker.close()
    assert (told, worker.app_data) == ([worker], {"region": "here"})
    await worker.wait_exited()


def test_all_settings_reach_the_command_line() -> None:
    settings = WorkerSettings(
        log_level="debug",
        log_tags=("ice", "dtls"),
        dtls_certificate_file="cert.pem",
        dtls_private_key_file="key.pem",
        libwebrtc_field_trials="WebRTC-Foo/Enabled/",
    )
    assert settings.arguments() == [
        "--logLevel=debug",
        "--logTag=ice",
        "--logTag=dtls",
        "--dtlsCertificateFile=cert.pem",
        "--dtlsPrivateKeyFile=key.pem",
        "--libwebrtcFieldTrials=WebRTC-Foo/Enabled/",
    ]


async def test_a_worker_can_be_run_under_valgrind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # One of our own, which takes two options, writes them down, and runs what comes behind.
    valgrind, seen = tmp_path / "valgrind", tmp_path / "seen"
    valgrind.write_text(f'#!/bin/sh\necho "$1 $2" > {seen}\nshift 2\nexec "$@"\n')
    valgrind.chmod(0o755)
    monkeypatch.setenv("MEDIASOUP_USE_VALGRIND", "true")
    monkeypatch.setenv("MEDIASOUP_VALGRIND_BIN", str(valgrind))
    monkeypatch.setenv("MEDIASOUP_VALGRIND_OPTIONS", "--leak-check=full  --track-fds=yes")
    worker = await Worker.spawn()
    assert seen.read_text() == "--leak-check=full --track-fds=yes\n"
    worker.close()
    assert await worker.wait_exited() == 0


def test_valgrind_is_looked_for_in_the_path_and_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    binary = WorkerBinary(Path("/opt/worker"), Path("/opt/fbs"))
    monkeypatch.delenv("MEDIASOUP_USE_VALGRIND", raising=False)
    assert binary.command(["--a"]) == (Path("/opt/worker"), ["--a"])
    monkeypatch.setenv("MEDIASOUP_USE_VALGRIND", "true")
    monkeypatch.setenv("MEDIASOUP_VALGRIND_BIN", "sh")
    program, arguments = binary.command(["--a"])
    assert (program.is_absolute(), program.name, arguments) == (True, "sh", ["/opt/worker", "--a"])
