"""
Our side of the comparison with Node: a process that drives a worker, and tells what it cost.

It reads one JSON object a line from stdin, ``{"case": "join", "operations": 8, "message": "", "producer_id": "…"}``,
and answers each on stdout with what the operations took together: ``{"cpu": …, "wall": …}``, in microseconds.
``message`` is what is decoded, in base64, ``producer_id`` the producer that it speaks of. ``bench/node/side.mjs`` does
the same in the same words with mediasoup's own library.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import json
import os
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from msgspec.structs import replace

from app.mediasoup.data_structures import ListenInfo
from app.mediasoup.producer import Producer
from app.mediasoup.router import Router
from app.mediasoup.rtp_parameters import RtpCapabilities, RtpCodecCapability, RtpParameters
from app.mediasoup.webrtc_server import WebRtcServer
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.mediasoup.worker import Worker
from app.mediasoup.worker_binary import WorkerBinary, find_worker_binary
from bench import side_codec

SCENARIO: Final = json.loads((Path(__file__).parent / "scenario.json").read_text())
IN_FLIGHT: Final = 64
JOINER_CONSUMERS: Final = 20
FAN: Final = 100

AUDIO = msgspec.convert(SCENARIO["audio"], RtpParameters)
VIDEO = msgspec.convert(SCENARIO["video"], RtpParameters)


class Meter:
    """A context that measures what is done in it: microseconds of this process's processor time and of the clock."""

    def __enter__(self) -> Meter:
        gc.collect()
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu = (time.process_time() - self._cpu) * 1e6
        self.wall = (time.perf_counter() - self._wall) * 1e6


class Bench:
    """A worker with a WebRTC server, and what is measured with them."""

    def __init__(self, worker: Worker, server: WebRtcServer) -> None:
        self._worker = worker
        self._server = server

    @classmethod
    async def start(cls, worker: Worker) -> Bench:
        return cls(worker, await worker.create_webrtc_server(listen_infos=[ListenInfo(protocol="udp", ip="127.0.0.1")]))

    async def request(self, operations: int) -> Meter:
        async with self._router() as router:
            transport = await self._transport(router)
            with Meter() as meter:
                for _ in range(operations):
                    await transport.set_max_incoming_bitrate(1_000_000)
        return meter

    async def requests(self, operations: int) -> Meter:
        """As :meth:`request`, but so many callers at once."""

        async def ask() -> None:
            for _ in range(operations // IN_FLIGHT):
                await transport.set_max_incoming_bitrate(1_000_000)

        async with self._router() as router:
            transport = await self._transport(router)
            with Meter() as meter:
                await _all(ask() for _ in range(IN_FLIGHT))
        return meter

    async def pause(self, operations: int) -> Meter:
        """Pause and resume a consumer in turns."""
        async with self._router() as router:
            transport = await self._transport(router)
            consumer = await self._consume(transport, await self._produce(transport, "v"), _capabilities())
            with Meter() as meter:
                for _ in range(operations // 2):
                    await consumer.pause()
                    await consumer.resume()
        return meter

    async def create_transport(self, operations: int) -> Meter:
        async with self._router() as router:
            with Meter() as meter:
                for _ in range(operations):
                    await self._transport(router)
        return meter

    async def produce_video(self, operations: int) -> Meter:
        async with self._router() as router:
            transport = await self._transport(router)
            with Meter() as meter:
                for index in range(operations):
                    await self._produce(transport, str(index))
        return meter

    async def consume_video(self, operations: int) -> Meter:
        async with self._router() as router:
            transport = await self._transport(router)
            producer = await self._produce(transport, "v")
            capabilities = _capabilities()
            with Meter() as meter:
                for _ in range(operations):
                    await self._consume(transport, producer, capabilities)
        return meter

    async def join(self, operations: int) -> Meter:
        """Somebody joins a room of ten: two transports, two producers, then a consumer of each producer there."""
        async with self._router() as router:
            first = await self._transport(router)
            present = [
                await self._produce(first, str(index), VIDEO if index % 2 else AUDIO)
                for index in range(JOINER_CONSUMERS)
            ]
            joiners = [_capabilities() for _ in range(operations)]
            with Meter() as meter:
                for capabilities in joiners:
                    await self._join(router, present, capabilities)
        return meter

    async def _join(self, router: Router, present: list[Producer], capabilities: RtpCapabilities) -> None:
        sending, receiving = await _all(self._transport(router) for _ in range(2))
        await _all(self._produce(sending, mid, what) for mid, what in (("0", AUDIO), ("1", VIDEO)))
        await _all(self._consume(receiving, producer, capabilities) for producer in present)

    async def fan_out(self, operations: int) -> Meter:
        """A camera is switched on in a room of 101, each of whom has told its own capabilities."""
        async with self._router() as router:
            sending = await self._transport(router)
            receivers = [(await self._transport(router), _capabilities()) for _ in range(FAN)]
            with Meter() as meter:
                for index in range(operations):
                    producer = await self._produce(sending, str(index))
                    await _all(self._consume(receiving, producer, caps) for receiving, caps in receivers)
        return meter

    async def storm(self, operations: int, producer_id: str, frame: bytes) -> Meter:
        """Take in scores of a producer with that id, which come as fast as they can be read."""
        async with self._router() as router:
            transport = await self._transport(router)
            producer = await transport.produce(kind="video", rtp_parameters=VIDEO, id=producer_id)
            heard = 0
            last = asyncio.get_running_loop().create_future()

            def count(_: object) -> None:
                nonlocal heard
                heard += 1
                if heard == operations:
                    last.set_result(None)

            producer.on_score.add(count)
            with Meter() as meter:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as storm:
                    storm.connect(os.environ["BENCH_STORM_SOCKET"])
                    storm.sendall(struct.pack("<I", operations) + frame)
                await last
        return meter

    @asynccontextmanager
    async def _router(self) -> AsyncIterator[Router]:
        """Give a router; when done, wait until the worker has closed it, so that it does not disturb what follows."""
        router = await self._worker.create_router(
            media_codecs=msgspec.convert(SCENARIO["mediaCodecs"], list[RtpCodecCapability])
        )
        yield router
        router.close()
        await self._worker.dump()

    async def _transport(self, router: Router) -> WebRtcTransport:
        return await router.create_webrtc_transport(webrtc_server=self._server)

    async def _produce(self, transport: WebRtcTransport, mid: str, what: RtpParameters = VIDEO) -> Producer:
        if what is VIDEO:
            return await transport.produce(kind="video", rtp_parameters=replace(VIDEO, mid=mid))
        # Every stream needs an SSRC of its own.
        encodings = [replace(what.encodings[0], ssrc=1000 + int(mid))]
        return await transport.produce(kind="audio", rtp_parameters=replace(what, mid=mid, encodings=encodings))

    async def _consume(self, transport: WebRtcTransport, producer: Producer, capabilities: RtpCapabilities) -> Any:
        return await transport.consume(producer_id=producer.id, rtp_capabilities=capabilities, paused=True)


def _capabilities() -> RtpCapabilities:
    """Give a receiver's capabilities, which nobody else has: as they come in a message of each client."""
    return msgspec.convert(SCENARIO["rtpCapabilities"], RtpCapabilities)


async def _all(coroutines: Any) -> list[Any]:
    return await asyncio.gather(*coroutines)


async def _serve(worker_of: Callable[[], Awaitable[Worker]], storm_worker: WorkerBinary) -> None:
    worker = await worker_of()
    bench = await Bench.start(worker)
    storm: Bench | None = None
    for line in sys.stdin:
        task = json.loads(line)
        case, operations = task["case"], task["operations"]
        message = base64.b64decode(task["message"])
        if case in side_codec.CASES:
            operation = side_codec.CASES[case](message)
            with Meter() as meter:
                for _ in range(operations):
                    operation()
        elif case == "storm":
            storm = storm or await Bench.start(await Worker.spawn(binary=storm_worker))
            meter = await storm.storm(operations, task["producer_id"], message)
        else:
            run: Callable[[int], Coroutine[Any, Any, Meter]] = getattr(bench, case)
            meter = await run(operations)
        print(json.dumps({"cpu": meter.cpu, "wall": meter.wall}), flush=True)
    worker.close()


def main() -> None:
    """Answer until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--socket", type=Path, help="a sidecar's socket; without it, a worker is spawned")
    parser.add_argument("--pid", type=int, help="of the worker behind the socket")
    args = parser.parse_args()
    binary = find_worker_binary()
    storm_worker = WorkerBinary(Path(__file__).parent / "storm_worker.py", binary.schemas)
    os.environ["BENCH_WORKER_BIN"] = str(binary.path)

    async def worker_of() -> Worker:
        if args.socket is None:
            return await Worker.spawn(binary=binary)
        return await Worker.attach(args.socket, schemas=binary.schemas, pid=args.pid)

    # As in app.server.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 25, 25)
    factory = uvloop.new_event_loop if args.loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve(worker_of, storm_worker))


if __name__ == "__main__":
    main()
