"""Scores in words."""

from __future__ import annotations

import pytest

from app.rtc.quality import Quality, connection_quality


@pytest.mark.parametrize(
    ("sent", "received", "expected"),
    [
        ([10], [10, 9], "excellent"),
        ([10], [8, 7], "good"),
        ([5], [10], "poor"),
        ([10], [0, 0], "lost"),
        ([], [10], "excellent"),
        ([8], [], "good"),
        ([], [], None),
    ],
)
def test_the_worse_direction_counts(sent: list[int], received: list[int], expected: Quality | None) -> None:
    assert connection_quality(sent=sent, received=received) == expected
