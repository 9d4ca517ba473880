"""Promises of the time budget of a training."""

from __future__ import annotations

import math
import time

import pytest
from shared_training import steps_in
from together import together

import ganzoo
from ganzoo.config.length import length
from ganzoo.config.schema import MOST_STEPS

SECOND = 1 / 60
"""In minutes."""


class Slow(ganzoo.Observer):
    """Makes each step take at least as long, and keeps when each was done."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.done = seconds, []

    def started(self, trainer, steps):
        self.start = time.perf_counter()

    def step(self, trainer, terms):
        time.sleep(self.seconds)
        self.done.append(time.perf_counter() - self.start)

    def finished(self, trainer):
        self.finished_at = trainer.step


def test_training_ends_after_the_first_step_at_which_the_time_has_passed(make_trainer):
    slow = Slow(0.05)
    trainer = make_trainer()
    trainer.fit(minutes=0.5 * SECOND, observers=[slow])
    *within, last = slow.done
    assert all(seconds < 0.5 for seconds in within)
    assert last >= 0.5
    assert trainer.step == slow.finished_at == len(slow.done) >= 1


def test_a_setting_is_a_budget_too_and_leaves_the_steps_open(make_trainer):
    trainer = make_trainer(minutes=0.2 * SECOND)
    trainer.fit()
    assert 1 <= trainer.step < MOST_STEPS


def test_the_first_of_steps_and_minutes_ends_the_training(make_trainer):
    by_steps, by_time = make_trainer(), make_trainer()
    by_steps.fit(3, minutes=60)
    by_time.fit(1000, [Slow(0.05)], minutes=0.2 * SECOND)
    assert by_steps.step == 3
    assert 1 <= by_time.step <= 5


@pytest.mark.parametrize(
    ("settings", "arguments", "expected"),
    [
        ({}, (None, None), (3000, math.inf)),
        ({"minutes": 2}, (None, None), (MOST_STEPS, 2)),
        ({"minutes": 2, "steps": 7}, (None, None), (7, 2)),
        ({"minutes": 2, "epochs": 3, "batch_size": 10}, (None, None), (30, 2)),
        ({"minutes": 2}, (9, None), (9, math.inf)),
        ({"steps": 7}, (None, 4.0), (MOST_STEPS, 4)),
        ({"steps": 7, "minutes": 2}, (9, 4.0), (9, 4)),
    ],
)
def test_arguments_of_fit_replace_the_settings(settings, arguments, expected):
    assert length(ganzoo.TrainingConfig(**settings), 100, *arguments) == expected


@pytest.mark.parametrize("minutes", [0.0, -1.0, math.nan])
def test_minutes_are_positive(make_trainer, minutes):
    with pytest.raises(ganzoo.UsageError, match="minutes=.* should be greater than 0"):
        make_trainer().fit(minutes=minutes)


def test_all_processes_end_after_the_same_step():
    first, second = together(2, steps_in, 0.5 * SECOND)
    assert first == second
    assert 1 <= first < 10**6
