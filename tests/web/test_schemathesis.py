"""schemathesis against a whole Connect, along the OpenAPI document that it serves: all checks, thousands of cases."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.e2e.deployment import Deployment

from .inhabited import Inhabitants, Things

CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
#: Cases for each operation and phase; some phases choose by themselves.
EXAMPLES = 25
#: Seconds that it may take on a busy machine.
PATIENCE = 600


@pytest.mark.long
async def test_whatever_comes_is_answered_as_the_document_says(tmp_path: Path) -> None:
    # A busy machine is no fault of the API's: nothing may be unavailable for being slow.
    settings = {"CONNECT_OPEN_ROOMS": "false", "CONNECT_DATABASE_TIMEOUT_SECONDS": "30"}
    with Deployment(tmp_path, workers=1, **settings) as deployment:
        async with ClientSession() as http:
            inhabitants = Inhabitants(deployment, http)
            async with inhabitants.at_home() as things:
                code, report = await attack(deployment, inhabitants.ada, things, tmp_path)
    assert code == 0, report
    found = re.search(r"(\d+) generated", report)
    assert found is not None and int(found[1]) > 2000, report
    # 500 would have been noticed, but not what went wrong unseen.
    assert [json.dumps(each) for each in deployment.log_records() if each.get("level") == "error"] == []


async def attack(deployment: Deployment, token: str, things: Things, folder: Path) -> tuple[int, str]:
    """Run schemathesis; gives its exit code and report."""
    config = folder / "schemathesis.toml"
    shutil.copy(CONFIG, config)
    for kind, values in things.items():
        (folder / kind).write_text("".join(f"{json.dumps(value)}\n" for value in values))
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("schemathesis"), "--config-file", config, "--no-color"),
        *("run", f"{deployment.url}/api/openapi.json", "--checks", "all", "--max-examples", str(EXAMPLES)),
        # The same cases each time: who changes nothing gets no new failure.
        *("--generation-deterministic", "--workers", "2", "--warnings", "off"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, "ACCESS_TOKEN": token, "SCHEMATHESIS_HOOKS": str(HOOKS)},
    )
    try:
        async with asyncio.timeout(PATIENCE):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return await process.wait(), output.decode()
