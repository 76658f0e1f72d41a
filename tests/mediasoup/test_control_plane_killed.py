"""The control plane is killed while streams of plain RTP flow through its router, and another one takes over."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator

import msgspec
import pytest

from app.sidecar import Sidecar
from tests.conftest import ROOT, SidecarProcess

from .control_plane import Made
from .events import until
from .rtp import Packet
from .udp import UdpEndpoint, udp_endpoint

STREAMS = 20
#: Packets of each stream before the control plane is killed, and afterwards.
PACKETS = 100


@pytest.fixture
async def receiver() -> AsyncIterator[UdpEndpoint]:
    async with udp_endpoint() as receiver:
        yield receiver


async def test_twenty_streams_of_plain_rtp_lose_no_packet(
    sidecar_process: SidecarProcess, receiver: UdpEndpoint
) -> None:
    command = ["-m", "tests.mediasoup.control_plane", str(sidecar_process.run_dir), str(STREAMS), str(receiver.port)]
    killed = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, limit=2**20
    )
    try:
        assert killed.stdout is not None
        async with asyncio.timeout(20):
            made = msgspec.json.decode(await killed.stdout.readline(), type=Made)
        async with udp_endpoint() as sender:
            sending = asyncio.create_task(send(sender, made.ports))
            await until(lambda: len(arrived(receiver)) == STREAMS)
            await until(lambda: min(map(len, arrived(receiver).values())) > PACKETS // 2)
            killed.kill()
            await killed.wait()
            sidecar = Sidecar(sidecar_process.run_dir)
            sidecar.start()
            worker = (await sidecar.attach(0)).worker
            router = await worker.adopt_router(made.router_id, made.memory)
            counts = [len(transport.producers) + len(transport.consumers) for transport in router.transports.values()]
            assert counts == [1] * (2 * STREAMS)
            at_takeover = {ssrc: len(numbers) for ssrc, numbers in arrived(receiver).items()}
            await until(lambda: all(len(arrived(receiver)[ssrc]) > n + PACKETS // 4 for ssrc, n in at_takeover.items()))
            await sending
            await until(lambda: all(len(numbers) >= 2 * PACKETS for numbers in arrived(receiver).values()))
            router.close()
            worker.let_go()
            await sidecar.close()
    finally:
        if killed.returncode is None:
            killed.kill()
            await killed.wait()
    assert [numbers == [*range(2 * PACKETS)] for numbers in arrived(receiver).values()] == [True] * STREAMS


async def send(sender: UdpEndpoint, ports: dict[int, int]) -> None:
    for number in range(2 * PACKETS):
        for ssrc, port in ports.items():
            sender.send(bytes(Packet(111, number, 960 * number, ssrc, b"%05d" % number)), port=port)
        await asyncio.sleep(0.01)


def arrived(receiver: UdpEndpoint) -> dict[int, list[int]]:
    """Give the numbers of the packets that came of each stream, in their order; RTCP has other payload types."""
    numbers: dict[int, list[int]] = defaultdict(list)
    for data in receiver.received:
        packet = Packet.parse(data) if len(data) > 12 else None
        if packet is not None and packet.payload_type == 100:
            numbers[packet.ssrc].append(int(packet.payload))
    return numbers
