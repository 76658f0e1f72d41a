from __future__ import annotations

import app
from tests.rtc.fakes import SpawnedWorkers

from .conftest import Client


async def test_it_tells_what_runs_and_the_release_of_workers_once_that_is_known(
    client: Client, workers: SpawnedWorkers
) -> None:
    answer = await client.get("/api/version")
    assert await answer.json() == {"version": app.__version__, "mediasoup": None}
    workers.release = "3.27.1"
    answer = await client.get("/api/version")
    assert await answer.json() == {"version": app.__version__, "mediasoup": "3.27.1"}
