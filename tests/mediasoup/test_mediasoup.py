"""The library as a whole: its release, and where its log lines go."""

from __future__ import annotations

import json
import logging

import pytest

from app.mediasoup.worker import Worker, WorkerSettings
from app.mediasoup.worker_binary import MEDIASOUP_RELEASE

from .conftest import SCHEMAS


def test_the_release_is_that_of_the_package_whose_schemas_we_read() -> None:
    package = json.loads((SCHEMAS.parents[1] / "package.json").read_text())
    assert package["version"] == MEDIASOUP_RELEASE


async def test_the_workers_own_lines_are_logged_as_its_settings_say(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="app.mediasoup")
    worker = await Worker.spawn(WorkerSettings(log_level="debug", log_tags=("info",)))
    worker.close()
    await worker.wait_exited()
    assert "app.mediasoup.worker" in {record.name for record in caplog.records}


async def test_a_worker_that_is_told_to_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="app.mediasoup")
    worker = await Worker.spawn(WorkerSettings(log_level="none"))
    worker.close()
    await worker.wait_exited()
    assert [record for record in caplog.records if record.name == "app.mediasoup.worker"] == []
