"""The channel, over a link whose worker is the test."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from app.mediasoup.channel import channel as channel_module
from app.mediasoup.channel.channel import MESSAGE, Channel
from app.mediasoup.channel.codec import Codec
from app.mediasoup.errors import (
    ChannelClosedError,
    ChannelFullError,
    InvalidValueError,
    NotFoundError,
    RequestRefusedError,
    RequestTimeoutError,
)


class FakeLink:
    """The worker's end: what was written to it, and what it says."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self.written: list[tuple[str, dict[str, Any]]] = []
        self.waiting = 0
        self.closed = False

    def start(self, on_data: Callable[[bytes], None], on_end: Callable[[str], None]) -> None:
        self.receive, self.end = on_data, on_end

    def write(self, data: bytes) -> None:
        self.written.append(self._codec.decode(MESSAGE, data, 4)["data"])

    def unwritten(self) -> int:
        return self.waiting

    def close(self) -> None:
        self.closed = True

    def frame(self, kind: str, **fields: Any) -> bytes:
        return self._codec.encode(MESSAGE, {"data": (kind, fields)}, size_prefixed=True)

    def accept(self, request_id: int, body: Any = None) -> bytes:
        return self.frame("Response", id=request_id, accepted=True, body=body)

    def refuse(self, request_id: int, error: str, reason: str) -> bytes:
        return self.frame("Response", id=request_id, accepted=False, error=error, reason=reason)

    def score(self, producer_id: str, score: int) -> bytes:
        scores = [{"encoding_idx": 0, "ssrc": 1, "score": score}]
        body = ("Producer_ScoreNotification", {"scores": scores})
        return self.frame("Notification", handler_id=producer_id, event="producer_score", body=body)


@pytest.fixture
def link(codec: Codec) -> FakeLink:
    return FakeLink(codec)


@pytest.fixture
async def channel(link: FakeLink, codec: Codec) -> Channel:
    return Channel(link, codec)


async def asked(task: asyncio.Task[Any], link: FakeLink, count: int = 1) -> int:
    """Wait until so many requests were written; give the id of the last."""
    while len(link.written) < count:
        assert not task.done(), task
        await asyncio.sleep(0)
    request_id: int = link.written[count - 1][1]["id"]
    return request_id


async def test_an_accepted_request_gives_the_fields_of_its_body(link: FakeLink, channel: Channel) -> None:
    task = asyncio.create_task(channel.request("transport_produce", "t1"))
    link.receive(link.accept(await asked(task, link), ("Transport_ProduceResponse", {"type": "simulcast"})))
    assert await task == {"type": "simulcast"}
    assert channel.in_flight == 0


async def test_an_answer_without_body_gives_an_empty_one(link: FakeLink, channel: Channel) -> None:
    task = asyncio.create_task(channel.request("producer_pause", "p1"))
    link.receive(link.accept(await asked(task, link)))
    assert await task == {}


@pytest.mark.parametrize(
    ("error", "expected"),
    [("Error", RequestRefusedError), ("TypeError", RequestRefusedError), ("NotFoundError", NotFoundError)],
)
async def test_a_refused_request_raises_and_names_the_method(
    link: FakeLink, channel: Channel, error: str, expected: type[Exception]
) -> None:
    task = asyncio.create_task(channel.request("producer_pause", "p1"))
    link.receive(link.refuse(await asked(task, link), error, "because"))
    with pytest.raises(expected, match="producer_pause: because"):
        await task


async def test_answers_may_come_in_any_order(link: FakeLink, channel: Channel) -> None:
    tasks = [asyncio.create_task(channel.request("worker_dump")) for _ in range(3)]
    await asked(tasks[0], link, 3)
    for _, request in reversed(link.written):
        used = dict.fromkeys(("ru_utime", "ru_stime"), request["id"])
        link.receive(link.accept(request["id"], ("Worker_ResourceUsageResponse", used)))
    answers = await asyncio.gather(*tasks)
    assert [answer["ru_utime"] for answer in answers] == [1, 2, 3]


async def test_a_request_past_its_deadline_raises_and_leaves_nothing(link: FakeLink, channel: Channel) -> None:
    with pytest.raises(RequestTimeoutError, match=r"worker_dump: no answer in 0\.01 s"):
        await channel.request("worker_dump", deadline=0.01)
    assert channel.in_flight == 0
    # Its late answer disturbs nobody.
    link.receive(link.accept(1))


async def test_each_request_has_a_deadline_of_its_own(link: FakeLink, channel: Channel) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def time_out(deadline: float) -> float:
        with pytest.raises(RequestTimeoutError):
            await channel.request("worker_dump", deadline=deadline)
        return loop.time() - start

    waiting = asyncio.create_task(channel.request("worker_dump"))
    late, early = await asyncio.gather(time_out(0.3), time_out(0.01))
    assert 0.01 <= early < 0.3 <= late < 0.3 + 10 * channel_module.SWEEP_INTERVAL
    assert channel.in_flight == 1
    link.receive(link.accept(await asked(waiting, link)))
    await waiting


async def test_a_cancelled_request_leaves_nothing(link: FakeLink, channel: Channel) -> None:
    task = asyncio.create_task(channel.request("worker_dump"))
    request_id = await asked(task, link)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert channel.in_flight == 0
    link.receive(link.accept(request_id))


async def test_request_ids_wrap_around_and_skip_those_in_use(link: FakeLink, codec: Codec) -> None:
    channel = Channel(link, codec, first_id=channel_module.MAX_REQUEST_ID - 1)
    tasks = [asyncio.create_task(channel.request("worker_dump")) for _ in range(4)]
    await asked(tasks[0], link, 4)
    last = channel_module.MAX_REQUEST_ID
    assert [request["id"] for _, request in link.written] == [last - 1, last, 1, 2]
    channel._next_id = last - 1
    tasks.append(asyncio.create_task(channel.request("worker_dump")))
    assert await asked(tasks[0], link, 5) == 3
    channel.close()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_too_many_requests_in_flight_are_refused(
    link: FakeLink, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "MAX_IN_FLIGHT", 1)
    task = asyncio.create_task(channel.request("worker_dump"))
    await asked(task, link)
    with pytest.raises(ChannelFullError):
        await channel.request("worker_dump")
    link.receive(link.accept(1))
    await task


async def test_a_worker_that_does_not_read_is_not_written_to_without_end(link: FakeLink, channel: Channel) -> None:
    link.waiting = channel_module.MAX_UNWRITTEN + 1
    with pytest.raises(ChannelFullError, match="does not read"):
        await channel.request("worker_dump")
    with pytest.raises(ChannelFullError, match="does not read"):
        channel.notify("worker_close")


async def test_a_wrong_body_names_the_field_and_sends_nothing(link: FakeLink, channel: Channel) -> None:
    body = ("Worker_CreateRouterRequest", {"router_id": 5})
    with pytest.raises(InvalidValueError, match="router_id") as caught:
        await channel.request("worker_create_router", body=body)
    assert caught.value.path == "router_id"
    assert link.written == []
    assert channel.in_flight == 0


async def test_a_posted_request_is_waited_for_by_nobody(
    link: FakeLink, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel.post("producer_pause", "p1")
    link.receive(link.refuse(1, "Error", "no such producer"))
    assert channel.in_flight == 0
    assert "producer_pause was refused: no such producer" in caplog.text


async def test_notifications_reach_who_subscribed(link: FakeLink, channel: Channel) -> None:
    heard: list[tuple[str, Any]] = []
    channel.subscribe("p1", lambda event, body: heard.append((event, body["scores"][0]["score"])))
    link.receive(link.score("p1", 7) + link.score("p2", 8))
    assert heard == []
    await asyncio.sleep(0)
    assert heard == [("producer_score", 7)]
    channel.unsubscribe("p1")
    link.receive(link.score("p1", 9))
    await asyncio.sleep(0)
    assert heard == [("producer_score", 7)]


async def test_no_notification_overtakes_the_answer_that_came_before_it(link: FakeLink, channel: Channel) -> None:
    heard: list[Any] = []

    async def produce() -> None:
        body = ("Transport_CloseProducerRequest", {"producer_id": "p1"})
        await channel.create("transport_produce", "t1", body, new_id="p1", undo=lambda: None)
        heard.append("answer")
        channel.subscribe("p1", lambda event, _: heard.append(event))

    task = asyncio.create_task(produce())
    await asked(task, link)
    link.receive(link.accept(1) + link.score("p1", 7))
    await task
    await asyncio.sleep(0)
    assert heard == ["answer", "producer_score"]


async def test_what_is_told_of_an_object_before_its_creation_is_answered_is_kept(
    link: FakeLink, channel: Channel
) -> None:
    heard: list[int] = []

    async def produce() -> None:
        body = ("Transport_CloseProducerRequest", {"producer_id": "p1"})
        await channel.create("transport_produce", "t1", body, new_id="p1", undo=lambda: None)
        channel.subscribe("p1", lambda _, body: heard.append(body["scores"][0]["score"]))

    task = asyncio.create_task(produce())
    await asked(task, link)
    link.receive(link.score("p1", 1) + link.score("p1", 2))
    await asyncio.sleep(0)
    link.receive(link.accept(1) + link.score("p1", 3))
    await task
    for _ in range(3):
        await asyncio.sleep(0)
    assert heard == [1, 2, 3]


def create_router(channel: Channel) -> asyncio.Task[dict[str, Any]]:
    body = ("Worker_CreateRouterRequest", {"router_id": "r1"})
    closing = ("Worker_CloseRouterRequest", {"router_id": "r1"})
    return asyncio.create_task(
        channel.create(
            "worker_create_router",
            "",
            body,
            new_id="r1",
            undo=lambda: channel.post("worker_close_router", body=closing),
        )
    )


async def test_a_cancelled_create_is_undone(link: FakeLink, channel: Channel) -> None:
    task = create_router(channel)
    await asked(task, link)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [request["method"] for _, request in link.written] == ["worker_create_router", "worker_close_router"]


async def test_an_id_is_created_once_at_a_time_so_that_undoing_one_closes_no_other(
    link: FakeLink, channel: Channel
) -> None:
    task = create_router(channel)
    await asked(task, link)
    with pytest.raises(InvalidValueError, match="r1 is being created already"):
        await create_router(channel)
    link.receive(link.refuse(1, "Error", "because"))
    with pytest.raises(RequestRefusedError):
        await task
    again = create_router(channel)
    link.receive(link.accept(await asked(again, link, 2)))
    assert await again == {}


async def test_what_is_told_early_is_kept_for_the_next_object_with_that_id(link: FakeLink, channel: Channel) -> None:
    heard: list[int] = []

    async def produce() -> None:
        body = ("Transport_CloseProducerRequest", {"producer_id": "p1"})
        for _ in range(2):
            # The second time at once after the first.
            await channel.create("transport_produce", "t1", body, new_id="p1", undo=lambda: None)
        channel.subscribe("p1", lambda _, body: heard.append(body["scores"][0]["score"]))

    task = asyncio.create_task(produce())
    link.receive(link.accept(await asked(task, link)))
    request_id = await asked(task, link, 2)
    link.receive(link.score("p1", 1))
    for _ in range(3):
        await asyncio.sleep(0)
    link.receive(link.accept(request_id))
    await task
    await asyncio.sleep(0)
    assert heard == [1]


async def test_a_dead_worker_fails_what_is_pending_and_what_comes_after(link: FakeLink, channel: Channel) -> None:
    reasons: list[str] = []
    channel.on_end.add(reasons.append)
    task = asyncio.create_task(channel.request("worker_dump"))
    await asked(task, link)
    link.end("the worker ended its stream")
    with pytest.raises(ChannelClosedError, match="worker_dump: the worker ended its stream"):
        await task
    with pytest.raises(ChannelClosedError):
        await channel.request("worker_dump")
    channel.post("worker_dump")
    assert reasons == ["the worker ended its stream"]


async def test_closing_fails_what_is_pending_and_tells_nobody(link: FakeLink, channel: Channel) -> None:
    reasons: list[str] = []
    channel.on_end.add(reasons.append)
    task = asyncio.create_task(channel.request("worker_dump"))
    await asked(task, link)
    channel.close()
    channel.close()
    link.end("too late")
    with pytest.raises(ChannelClosedError):
        await task
    assert (reasons, link.closed) == ([], True)


async def test_a_message_that_cannot_be_read_is_counted_and_dropped(link: FakeLink, channel: Channel) -> None:
    link.receive(b"\x08\x00\x00\x00" + b"\xff" * 8)
    assert channel.malformed == 1
    task = asyncio.create_task(channel.request("worker_dump"))
    link.receive(link.accept(await asked(task, link)))
    await task


async def test_a_stream_that_cannot_be_cut_into_frames_loses_the_worker(link: FakeLink, channel: Channel) -> None:
    reasons: list[str] = []
    channel.on_end.add(reasons.append)
    link.receive(b"\xff\xff\xff\xff")
    assert (len(reasons), link.closed, channel.closed) == (1, True, True)


async def test_log_lines_of_the_worker_are_logged_at_their_level(
    link: FakeLink, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="app.mediasoup.worker")
    for line in ("Dfine", "Whm", "Ebad"):
        link.receive(link.frame("Log", data=line))
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("DEBUG", "fine"),
        ("WARNING", "hm"),
        ("ERROR", "bad"),
    ]


async def test_a_listener_that_fails_does_not_stop_the_others(
    link: FakeLink, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def fail(event: str, body: dict[str, Any]) -> None:
        raise RuntimeError("oh")

    channel.subscribe("p1", fail)
    channel.subscribe("p2", lambda event, _: heard.append(event))
    link.receive(link.score("p1", 1) + link.score("p2", 1))
    await asyncio.sleep(0)
    assert heard == ["producer_score"]
    assert "producer_score to p1 could not be handled" in caplog.text
