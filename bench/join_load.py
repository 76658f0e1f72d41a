"""
``python -m bench.join_load``: have light clients join, as told in one JSON object a line on standard input.

``{"start": …, "expects": …, "clients": [[port, room, peer, second], …]}``: each joins at its second after the start (of
the monotonic clock) and waits for as many consumers. The answer, when all are there or have failed:
``{"errors": [text], "joins": [seconds], "end": …, "cpu": seconds}``. They stay until the next line, which is answered
by one when all have left.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Final

import aiohttp
import uvloop

from bench.light_client import LightClient
from bench.light_transport import Identity

#: Seconds that all of it may take.
PATIENCE: Final = 60.0


async def main() -> None:
    """Work until standard input ends."""
    identity = Identity()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        while line := await asyncio.to_thread(sys.stdin.readline):
            cpu = time.process_time()
            job = json.loads(line)
            clients = [LightClient(identity, job["expects"]) for _ in job["clients"]]
            outcomes = await asyncio.gather(
                *(
                    _join(client, session, job["start"], *which)
                    for client, which in zip(clients, job["clients"], strict=True)
                ),
                return_exceptions=True,
            )
            answer = {
                "errors": [repr(outcome) for outcome in outcomes if isinstance(outcome, BaseException)],
                "joins": [outcome for outcome in outcomes if isinstance(outcome, float)],
                "end": max(client.last_consumed for client in clients),
                "cpu": time.process_time() - cpu,
            }
            print(json.dumps(answer), flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            await asyncio.gather(*(client.leave() for client in clients))
            print("{}", flush=True)


async def _join(
    client: LightClient, session: aiohttp.ClientSession, start: float, port: int, room: str, peer: str, second: float
) -> float:
    """Join in time; gives the seconds that it took."""
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.sleep(start + second - time.monotonic())
            begun = time.monotonic()
            await client.join(session, f"ws://127.0.0.1:{port}/?roomId={room}&peerId={peer}")
            seconds = time.monotonic() - begun
            await client.all_consumed.wait()
    except TimeoutError as error:
        raise RuntimeError(f"too late: {client}") from error
    return seconds


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
