"""Signals."""

from __future__ import annotations

import pytest

from app.mediasoup.signal import Signal


def test_listeners_are_called_in_order_with_what_was_emitted() -> None:
    signal: Signal[int] = Signal()
    heard: list[tuple[str, int]] = []
    signal.add(lambda value: heard.append(("first", value)))

    @signal.add
    def second(value: int) -> None:
        heard.append(("second", value))

    signal.emit(7)
    assert heard == [("first", 7), ("second", 7)]
    assert len(signal) == 2


def test_a_removed_listener_hears_nothing() -> None:
    signal: Signal[()] = Signal()
    heard: list[int] = []
    listener = signal.add(lambda: heard.append(1))
    signal.remove(listener)
    signal.remove(listener)
    signal.emit()
    assert heard == []


def test_a_listener_may_remove_itself_while_it_is_called() -> None:
    signal: Signal[()] = Signal()
    heard: list[str] = []

    def once() -> None:
        signal.remove(once)
        heard.append("once")

    signal.add(once)
    signal.add(lambda: heard.append("always"))
    signal.emit()
    signal.emit()
    assert heard == ["once", "always", "always"]


def test_who_is_added_while_others_are_told_hears_what_comes_next() -> None:
    signal: Signal[int] = Signal()
    heard: list[int] = []
    first = signal.add(lambda _: signal.add(heard.append))
    signal.emit(1)
    signal.remove(first)
    signal.emit(2)
    assert heard == [2]


def test_what_a_listener_raises_is_logged_and_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    signal: Signal[()] = Signal()
    heard: list[int] = []
    signal.add(lambda: 1 / 0)
    signal.add(lambda: heard.append(1))
    signal.emit()
    assert heard == [1]
    assert "ZeroDivisionError" in caplog.text
