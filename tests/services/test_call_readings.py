from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mediasoup.stats import RtpStreamStats, TransportStats
from app.services.call_readings import Counters, Mean, MinuteMetrics, Packets, Reading, StreamReading, Tally

COUNT = st.integers(0, 1_000)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def zeros(of: type[msgspec.Struct]) -> dict[str, Any]:
    """All counters of a kind of statistics, at 0."""
    return {each.name: 0 for each in msgspec.structs.fields(of) if each.type is int}


def transport(id: str = "t", received: int = 0, sent: int = 0, **fields: Any) -> TransportStats:
    counts = zeros(TransportStats) | {"bytes_received": received, "bytes_sent": sent}
    return TransportStats(transport_id=id, **counts | fields)


def stream(
    received: int = 0, lost: int = 0, *, ssrc: int = 1111, clock_rate: int = 48_000, **fields: Any
) -> StreamReading:
    counts = zeros(RtpStreamStats) | {"packet_count": received, "packets_lost": lost, "ssrc": ssrc}
    stats = RtpStreamStats(type="inbound-rtp", kind="audio", mime_type="audio/opus", **counts | fields)
    return StreamReading("p", clock_rate, stats)


def after(
    seconds: float,
    transports: Sequence[TransportStats] = (),
    streams: Sequence[StreamReading] = (),
    score: float | None = None,
    round_trips: Sequence[float] = (),
) -> Reading:
    return Reading(START + timedelta(seconds=seconds), transports, streams, round_trips, score)


def taken(*readings: Reading) -> MinuteMetrics:
    tally = Tally(START)
    for reading in readings:
        tally.add(reading)
    metrics = tally.take()
    assert metrics is not None
    return metrics


def test_bitrates_are_what_the_counters_grew_over_the_time_that_passed() -> None:
    metrics = taken(after(30, [transport(received=1_000, sent=500)]), after(60, [transport(received=6_000, sent=900)]))
    assert (metrics.bitrate_in, metrics.bitrate_out) == (800, 120)


def test_each_minute_counts_only_its_own() -> None:
    tally = Tally(START)
    tally.add(after(60, [transport(received=60_000)], [stream(100, 100)], 2))
    tally.take()
    tally.add(after(120, [transport(received=75_000)], [stream(300, 100)], 8))
    metrics = tally.take()
    assert metrics is not None
    assert (metrics.bitrate_in, metrics.loss_in, metrics.score) == (2_000, 0, 8)


def test_transports_that_come_count_whole_and_those_that_go_leave_what_was_counted() -> None:
    metrics = taken(
        after(20, [transport("a", received=1_000)]),
        after(40, [transport("a", received=2_000), transport("b", received=3_000)]),
        after(60, [transport("b", received=4_000)]),
    )
    assert metrics.bitrate_in == 6_000 * 8 / 60


def test_a_counter_that_began_anew_counts_from_0() -> None:
    assert taken(after(30, [transport(sent=6_000)]), after(60, [transport(sent=1_500)])).bitrate_out == 1_000
    assert taken(after(30, (), [stream(100, 50)]), after(60, (), [stream(50, 0)])).loss_in == 50 / 200


def test_a_packet_that_came_late_was_not_lost() -> None:
    assert taken(after(30, (), [stream(90, 10)]), after(60, (), [stream(100, 0)])).loss_in == 0


def test_more_late_packets_than_lost_ones_are_no_negative_loss() -> None:
    tally = Tally(START)
    tally.add(after(30, (), [stream(90, 10)]))
    tally.take()
    tally.add(after(60, (), [stream(100, 0)]))
    metrics = tally.take()
    assert metrics is not None
    assert metrics.loss_in == 0


def test_streams_are_told_apart_by_ssrc() -> None:
    assert taken(after(60, (), [stream(30, 10, ssrc=1), stream(60, 0, ssrc=2)])).loss_in == 0.1


def test_jitter_becomes_milliseconds_by_the_clock_of_the_codec() -> None:
    streams = [stream(1, jitter=480, clock_rate=48_000, ssrc=1), stream(1, jitter=1_800, clock_rate=90_000, ssrc=2)]
    assert taken(after(60, (), streams)).jitter_ms == 15


def test_a_stream_that_rests_has_no_jitter() -> None:
    tally = Tally(START)
    tally.add(after(60, (), [stream(10, jitter=480)]))
    tally.take()
    tally.add(after(120, (), [stream(10, jitter=480)]))
    metrics = tally.take()
    assert metrics is not None
    assert metrics.jitter_ms is None


def test_what_was_not_measured_is_none() -> None:
    metrics = taken(after(60, [transport()], [stream(0)], round_trips=[0]))
    assert (metrics.loss_in, metrics.loss_out, metrics.jitter_ms, metrics.round_trip_ms, metrics.score) == (None,) * 5


def test_gauges_are_means() -> None:
    metrics = taken(
        after(20, [transport(rtp_packet_loss_sent=0.0)], [], 10, [40, 0]),
        after(40, [transport(rtp_packet_loss_sent=0.1)], [], 5, [60]),
    )
    assert (metrics.loss_out, metrics.round_trip_ms, metrics.score) == (0.05, 50, 7.5)


def test_no_time_makes_no_minute() -> None:
    tally = Tally(START)
    assert tally.take() is None
    tally.add(after(0, [transport(received=1)]))
    assert tally.take() is None


def test_the_mean_of_nothing_is_none() -> None:
    assert Mean().value is None


@given(st.lists(st.integers(0, 10**12), min_size=1))
def test_a_counter_that_never_falls_grew_to_its_last_value(counts: list[int]) -> None:
    counters = Counters()
    assert sum(counters.grow({"only": count}) for count in sorted(counts)) == max(counts)


@given(st.dictionaries(st.integers(0, 3), st.lists(st.tuples(COUNT, COUNT), max_size=10)))
def test_whatever_is_counted_a_loss_is_from_0_to_1(counts: dict[int, list[tuple[int, int]]]) -> None:
    tally = Tally(START)
    for second in range(max(map(len, counts.values()), default=0)):
        streams = [stream(*rows[second], ssrc=ssrc) for ssrc, rows in counts.items() if second < len(rows)]
        tally.add(after(second + 1, (), streams))
    metrics = tally.take()
    assert metrics is None or metrics.loss_in is None or 0 <= metrics.loss_in <= 1


@pytest.mark.parametrize(
    ("before", "now", "grown"),
    [
        (Packets(10, 2), Packets(15, 3), Packets(5, 1)),
        (Packets(10, 2), Packets(11, 1), Packets(1, -1)),
        (Packets(10, 2), Packets(4, 1), Packets(4, 1)),
    ],
)
def test_packets_grow(before: Packets, now: Packets, grown: Packets) -> None:
    assert now.since(before) == grown
