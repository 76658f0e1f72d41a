"""
A control plane as a process of its own, to be killed: it makes streams of plain RTP, and then gives orders for ever.

Its arguments are the sidecar's run directory, how many streams to make, and the port on loopback that they all go to.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
from msgspec.structs import replace

from app.mediasoup.memory import RouterMemory
from app.mediasoup.rtp_parameters import RtpEncodingParameters
from app.sidecar import Sidecar

from .conftest import MEDIA_CODECS
from .parameters import RECEIVER
from .rtp import OPUS
from .test_plain_transport import LOCAL


class Made(msgspec.Struct):
    """What it has made, as it prints it: the router, and the ports and SSRCs to send to."""

    router_id: str
    memory: RouterMemory
    ports: dict[int, int]


async def main(run_dir: Path, streams: int, receiver: int) -> None:
    sidecar = Sidecar(run_dir)
    sidecar.start()
    worker = (await sidecar.attach(0)).worker
    router = await worker.create_router(media_codecs=MEDIA_CODECS)
    producers, ports = [], {}
    for ssrc in range(1_000, 1_000 + streams):
        into = await router.create_plain_transport(listen_info=LOCAL, comedia=True)
        out = await router.create_plain_transport(listen_info=LOCAL)
        await out.connect(ip="127.0.0.1", port=receiver)
        sent = replace(OPUS, encodings=[RtpEncodingParameters(ssrc=ssrc)])
        producers.append(await into.produce(kind="audio", rtp_parameters=sent))
        await out.consume(producer_id=producers[-1].id, rtp_capabilities=RECEIVER)
        ports[ssrc] = into.tuple.local_port
    sys.stdout.buffer.write(msgspec.json.encode(Made(router.id, router.memory, ports)) + b"\n")
    sys.stdout.buffer.flush()
    while True:
        # Killed in the middle of this, it leaves half of a request in the socket as a rule.
        await asyncio.gather(*(producer.get_stats() for producer in producers))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
