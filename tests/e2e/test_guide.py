"""The walk through the API in docs/api.md: its commands are run as they stand there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

from aiortc.mediastreams import AudioStreamTrack

from .bot import Bot
from .deployment import ROOT, Deployment

GUIDE = (ROOT / "docs/api.md").read_text()
#: Where the guide's reader has to be in the room that was made before.
CALL = "## While a call is on"
#: Seconds for all the commands of one half.
PATIENCE = 60.0


async def test_the_commands_of_the_guide_do_what_it_says(deployment: Deployment, tmp_path: Path) -> None:
    for name, program in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", GUIDE, re.DOTALL):
        (tmp_path / name).write_text(program)
    before, during = GUIDE.split(CALL)
    output = await run(deployment, tmp_path, f"{commands(before)}\n(declare -p; declare -f) >state\necho $room $cleo")
    room, token = output.splitlines()[-1].split()

    cleo = await Bot.enter(deployment, room, "user-17", [AudioStreamTrack()], token=token)
    try:
        # Some of bash's own variables can't be set again.
        output = await run(deployment, tmp_path, f"source state 2>errors || true\n{commands(during)}")
    finally:
        await cleo.leave()
    assert '"displayName": "Cleo"' in output
    assert '"Unknown field."' in output
    assert "dataMessage" in [method for method, _ in cleo.signaling.notifications]


def commands(text: str) -> str:
    return "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))


async def run(deployment: Deployment, directory: Path, script: str) -> str:
    """Run commands in bash, to the end or the first one that fails; give what they print."""
    process = await asyncio.create_subprocess_exec(
        "bash",
        *("-euo", "pipefail", "-c", script),
        cwd=directory,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(directory),
            "BASE": f"http://127.0.0.1:{deployment.port}",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()
