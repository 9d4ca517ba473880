"""Promises of the time that a run took."""

from __future__ import annotations

import pytest

from ganzoo.reporting.summary import _seconds


def session(*minutes: int) -> list[dict[str, str]]:
    kinds = ["started"] + ["checkpoint"] * (len(minutes) - 1)
    return [
        {"event": kind, "time": f"2026-01-01T12:{minute:02}:00+00:00"}
        for kind, minute in zip(kinds, minutes, strict=True)
    ]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (session(0, 10, 30), 30),
        (session(30, 40, 0, 5), 10 + 5),  # the clock was set back by 40 minutes or more
        (session(30, 0), 0),
        (session(0, 10) + session(5, 6), 10 + 1),
        (session(7), 0),
    ],
)
def test_a_clock_that_is_set_back_takes_no_time_away(events, expected):
    assert _seconds(events) == 60 * expected


def test_without_times_there_is_none():
    assert _seconds([{"event": "started"}]) is None
