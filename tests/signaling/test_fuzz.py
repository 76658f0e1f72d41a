"""Garbage and mutated messages while a call runs: nobody but their sender notices."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from loguru import logger

from app.mediasoup.worker import Worker
from app.rtc.worker_pool import WorkerPool

from .calls import join, produce_audio, produce_chat
from .client import ProtooClient
from .conftest import Connect
from .gates import MODERATOR, TestGate
from .requests import CONSUMER, DATA_CONSUMER, DATA_PRODUCER, PRODUCER, RECEIVING, REQUESTS, SENDING

oddities = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([-1, 0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**31, 2**32, 2**53, 2**64, -(2**63), 1e308]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(["", "\x00", "video/rtx", "audio/opus", "video/VP8", SENDING, "🦊", "../.."]),
    st.builds(lambda: "x" * 5_000),
    st.just([]),
    st.just({}),
    st.builds(lambda: [[]] * 200),
    st.lists(st.integers(), max_size=5),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=5),
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Find all containers in a JSON value, each with every key or index that it has."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from places(item)


@st.composite
def mutated_requests(draw: st.DrawFn, requests: list[tuple[str, Any]] = REQUESTS) -> str:
    """Draw one of these requests, of which up to four parts are changed, missing or doubled."""
    method, data = draw(st.sampled_from(requests))
    frame = {"request": True, "id": draw(st.integers(1, 2**31)), "method": method, "data": copy.deepcopy(data)}
    for _ in range(draw(st.integers(0, 4))):
        # Mostly below ``data``: a bad envelope only closes the socket.
        candidates = list(places(frame if draw(st.integers(0, 40)) == 20 else frame.get("data")))
        if candidates:
            container, key = draw(st.sampled_from(candidates))
            change = draw(st.sampled_from(["replace", "replace", "remove", "double"]))
            if change == "replace":
                # A copy, since the next change may be within it.
                container[key] = copy.deepcopy(draw(oddities))
            elif change == "remove":
                del container[key]
            elif isinstance(container, list):
                container.append(container[key])
    return json.dumps(frame)


garbage = st.one_of(
    st.text(max_size=100),
    mutated_requests().flatmap(lambda text: st.integers(0, len(text)).map(lambda end: text[:end])),
    # Built, not given: hypothesis would print them whole.
    st.builds(lambda: "[" * 30_000),
    st.builds(lambda: '{"request":true,"id":1,"method":"join","data":' + '{"a":' * 9_000),
    st.fixed_dictionaries({"response": st.just(True), "id": st.integers(), "ok": oddities}).map(json.dumps),
    st.fixed_dictionaries({"notification": st.just(True), "method": oddities}).map(json.dumps),
)


# A flat map, since ``one_of`` would join the kinds of garbage with the one kind of requests.
strange_frames = st.integers(0, 7).flatmap(lambda number: garbage if number == 5 else mutated_requests())


def draw_frames(count: int, kind: st.SearchStrategy[str]) -> list[str]:
    """Draw the frames to send: the same in every run."""
    frames: list[str] = []

    @hypothesis_settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(kind)
    def draw(frame: str) -> None:
        frames.append(frame)

    draw()
    return frames


def consumers_of(client: ProtooClient) -> dict[str, str]:
    """Give the ids of the last consumers that a client heard of, as far as there are any."""
    placeholders = {"newConsumer": CONSUMER, "newDataConsumer": DATA_CONSUMER}
    return {placeholders[method]: data["id"] for method, data in client.heard if method in placeholders}


class Mallory:
    """Sends anything, and comes back when thrown out; ``place`` says to which room, and with which token."""

    def __init__(self, connect: Connect, **place: str) -> None:
        self._connect = connect
        self._place = place
        self._client: ProtooClient | None = None
        self._ids: dict[str, str] = {}

    async def send(self, frame: str) -> None:
        """Send ``frame`` with the ids filled in, and wait until the server has dealt with it."""
        client = await self._connected()
        for placeholder, id in (self._ids | consumers_of(client)).items():
            frame = frame.replace(placeholder, id)
        client.send_text(frame)
        probe = client.start_request("getRouterRtpCapabilities")
        async with asyncio.timeout(20):
            await asyncio.wait([probe, client.reader], return_when=asyncio.FIRST_COMPLETED)
        probe.cancel()

    async def _connected(self) -> ProtooClient:
        if self._client is None or self._client.reader.done():
            client = self._client = await self._connect("mallory", **self._place)
            await join(client, "Mallory")
            self._ids = {
                SENDING: client.sending,
                RECEIVING: client.receiving,
                PRODUCER: await produce_audio(client, 31),
                DATA_PRODUCER: await produce_chat(client),
            }
        return self._client


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What was logged as an error."""
    lines: list[str] = []
    sink = logger.add(lines.append, level="ERROR", format="{message} {exception}")
    yield lines
    logger.remove(sink)


async def test_500_strange_messages_during_a_call_harm_only_their_sender(
    connect: Connect, worker: Worker, pool: WorkerPool, complaints: list[str]
) -> None:
    # First, since drawing holds up the loop.
    frames = draw_frames(500, strange_frames)
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context)))
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    first = await produce_audio(ada)
    await produce_chat(ada)
    consumer = (await bob.hears("newConsumer", producerId=first))["id"]
    mallory = Mallory(connect)
    for frame in frames:
        await mallory.send(frame)
    assert complaints == []
    assert not worker.closed and pool.workers[0].worker is worker
    assert isinstance(await bob.request("getConsumerStats", {"consumerId": consumer}), list)
    second = await produce_audio(ada, 4321)
    await bob.hears("newConsumer", producerId=second)
    for client in (ada, bob):
        assert not client.reader.done()


async def test_strange_messages_of_a_moderator_harm_no_other_room(
    connect: Connect, gate: TestGate, worker: Worker, complaints: list[str]
) -> None:
    frames = draw_frames(200, mutated_requests([each for each in REQUESTS if each[0].startswith("moderator:")]))
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context)))
    bob, cleo = await connect("bob"), await connect("cleo")
    await join(bob)
    await join(cleo)
    mallory = Mallory(connect, room="cellar", token=gate.issue("mallory", MODERATOR, role="owner"))
    ada: ProtooClient | None = None
    for number, frame in enumerate(frames):
        if ada is None or ada.reader.done():
            # With another identity each time: she may be banned.
            ada = await connect("ada", room="cellar", token=gate.issue(f"ada-{number}", MODERATOR))
            await join(ada)
        await mallory.send(frame)
    assert complaints == [] and not worker.closed
    microphone = await produce_audio(bob)
    await cleo.hears("newConsumer", producerId=microphone)
