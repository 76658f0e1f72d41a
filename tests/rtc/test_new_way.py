"""A transport whose media go another way is helped to send on it at once."""

from __future__ import annotations

import asyncio

import pytest

from app.config import Settings
from app.mediasoup.webrtc_transport import WebRtcTransport
from app.rtc import new_way
from tests.mediasoup.endpoint import connected, way

from .fakes import until
from .people import Arrive
from .test_refreshing import receiving_transport

#: What is believed of a way that nothing is known of, in bits a second: what the settings say unless told otherwise.
FIRST = Settings().initial_outgoing_bitrate


@pytest.fixture
def bitrates(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the worker was told to send at least, in bits a second."""
    bitrates: list[int] = []
    tell = WebRtcTransport.set_min_outgoing_bitrate

    async def note(transport: WebRtcTransport, bitrate: int) -> None:
        await tell(transport, bitrate)
        bitrates.append(bitrate)

    monkeypatch.setattr(WebRtcTransport, "set_min_outgoing_bitrate", note)
    return bitrates


async def test_the_worker_sends_as_much_as_at_the_beginning_until_it_knows_the_way(
    arrive: Arrive, bitrates: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_way, "LEARNING", 0.01)
    ada, _ = await arrive("ada")
    receiving = receiving_transport(ada)
    async with connected(receiving):
        await until(lambda: bitrates == [FIRST, 0])
        async with way(receiving):
            await until(lambda: bitrates == [FIRST, 0, FIRST, 0])


async def test_many_ways_at_once_are_one_to_the_worker(arrive: Arrive, bitrates: list[int]) -> None:
    ada, _ = await arrive("ada")
    receiving = receiving_transport(ada)
    async with connected(receiving):
        await until(lambda: bitrates == [FIRST])
        there = receiving.ice_selected_tuple
        assert there is not None
        for _ in range(100):
            receiving.on_ice_selected_tuple_change.emit(there)
        await asyncio.sleep(0)
        await receiving.dump()
    assert bitrates == [FIRST]


async def test_a_transport_that_closes_meanwhile_needs_no_help(arrive: Arrive, bitrates: list[int]) -> None:
    ada, _ = await arrive("ada")
    receiving = receiving_transport(ada)
    async with connected(receiving):
        await until(lambda: bitrates == [FIRST])
        ada.close()
    assert bitrates == [FIRST]
