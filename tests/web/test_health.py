from __future__ import annotations

import asyncio
import os
import signal

import pytest

from app.config import Settings
from app.rtc import worker_pool
from app.rtc.worker_pool import WorkerPool
from tests.rtc.fakes import SpawnedWorkers

from .conftest import Client, Serve


async def one_worker(workers: SpawnedWorkers, pool: WorkerPool) -> None:
    workers.slots = (0,)
    workers.on_slots.emit(workers.slots)
    async with asyncio.timeout(20):
        await pool.wait_ready()


async def test_whoever_answers_lives(client: Client) -> None:
    answer = await client.get("/health/live")
    assert (answer.status, await answer.json()) == (200, {"live": True})


async def test_without_a_sidecar_nothing_is_ready(client: Client) -> None:
    answer = await client.get("/health/ready")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "2"
    assert await answer.json() == {
        "error": {"name": "unavailable", "message": "not connected to the worker-sidecar", "fields": {}},
        "ready": False,
        "workers": [],
        "bus": {"ok": True, "problem": None},
    }


async def test_it_is_ready_when_every_worker_answers(client: Client, workers: SpawnedWorkers, pool: WorkerPool) -> None:
    await one_worker(workers, pool)
    answer = await client.get("/health/ready")
    assert answer.status == 200
    assert await answer.json() == {
        "ready": True,
        "workers": [{"slot": 0, "ok": True, "problem": None}],
        "bus": {"ok": True, "problem": None},
    }


async def test_it_is_not_ready_while_a_worker_hangs(
    client: Client, workers: SpawnedWorkers, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one_worker(workers, pool)
    monkeypatch.setattr(worker_pool, "ANSWER_TIMEOUT", 0.1)
    os.kill(workers.spawned[0].pid, signal.SIGSTOP)
    answer = await client.get("/health/ready")
    os.kill(workers.spawned[0].pid, signal.SIGCONT)
    assert answer.status == 503
    body = await answer.json()
    assert body["workers"] == [{"slot": 0, "ok": False, "problem": "no answer in 0.1 s"}]
    assert body["error"]["message"] == "worker 0: no answer in 0.1 s"


async def test_what_else_keeps_it_from_serving_is_said(
    serve: Serve, web_settings: Settings, workers: SpawnedWorkers, pool: WorkerPool
) -> None:
    await one_worker(workers, pool)
    hindrances = ["the database has not answered yet", None]
    async with serve(web_settings, hindrance=lambda: hindrances.pop(0)) as client:
        answer = await client.get("/health/ready")
        assert answer.status == 503
        assert (await answer.json())["error"]["message"] == "the database has not answered yet"
        assert (await client.get("/health/ready")).status == 200


async def test_a_problem_between_the_nodes_is_told_and_keeps_nobody_away(
    serve: Serve, web_settings: Settings, workers: SpawnedWorkers, pool: WorkerPool
) -> None:
    async with serve(web_settings, bus_problem=lambda: "Redis does not answer") as client:
        answer = await client.get("/health/ready")
        assert (await answer.json())["bus"] == {"ok": False, "problem": "Redis does not answer"}
        await one_worker(workers, pool)
        answer = await client.get("/health/ready")
        assert answer.status == 200
        assert (await answer.json())["bus"] == {"ok": False, "problem": "Redis does not answer"}
