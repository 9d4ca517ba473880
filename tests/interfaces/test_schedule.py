"""Schedules: their text, their values against formulas, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

import ganzoo
from ganzoo import Progress, Schedule, UsageError, value_at
from ganzoo.config import TrainingConfig, merged
from ganzoo.interfaces.options import validated


def at_step(schedule: Schedule, step: int) -> float:
    return schedule.at(Progress(step, 64 * step))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2e-4 to 0 over 100", {0: 2e-4, 25: 1.5e-4, 50: 1e-4, 100: 0, 1000: 0}),
        ("1 to 2 over 100 steps from 50 steps", {0: 1, 50: 1, 100: 1.5, 150: 2, 151: 2}),
        ("1 to 0 over 4 cosine", {0: 1, 1: (1 + math.sqrt(0.5)) / 2, 2: 0.5, 4: 0}),
        ("1e-2 to 1e-4 over 10 exponential", {0: 1e-2, 5: 1e-3, 10: 1e-4}),
        ("0 to 0.3 from 1000 steps", {0: 0, 999: 0, 1000: 0.3, 5000: 0.3}),
        ("0 to 1 over 6.4 kimg", {0: 0, 50: 0.5, 100: 1}),
        ("0 to 1 over 0.64 kimg from 0.64", {10: 0, 15: 0.5, 20: 1}),
    ],
)
def test_values_at_the_ends_and_in_the_middle_follow_the_formula(text, values):
    schedule = Schedule.parse(text)
    assert {step: at_step(schedule, step) for step in values} == pytest.approx(values)


@given(
    st.floats(1e-6, 10),
    st.floats(1e-6, 10),
    st.floats(0, 1e9),
    st.floats(0, 1e9),
    st.sampled_from(["steps", "kimg"]),
    st.sampled_from(["linear", "cosine", "exponential"]),
)
def test_the_text_of_a_schedule_is_read_back_as_the_same(start, end, length, begin, unit, shape):
    schedule = Schedule(start, end, length, begin, unit, shape)
    if not length:  # it jumps
        schedule = Schedule(start, end, 0, begin, unit, shape)
    assert Schedule.parse(str(schedule)) == schedule


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2e-4 to nowhere", "a schedule like"),
        ("2e-4 to 0", "over how many steps or kimg"),
        ("1 to 2 over -5", "nor end before it begins"),
        ("1 to 2 over 5 from -5", "not begin before 0"),
        ("1 to 2 over 5 kimg from 3 steps", "in steps or in kimg, not in both"),
        ("1 to 0 over 5 exponential", "positive"),
        ("1 to 2 over 5 quadratic", "a schedule like"),
        ("1e999 to 2 over 5", "finite"),
        ("nan", "finite"),
        ("", "a schedule like"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(text, complaint):
    with pytest.raises(UsageError, match=complaint) as error:
        merged(TrainingConfig, {"ema_decay": text})
    assert len(str(error.value).splitlines()) == 1


class Options(ganzoo.Options):
    strength: ganzoo.Scheduled = Field(0.5, gt=0, le=1)


@pytest.mark.parametrize("text", ["0 to 1 over 5", "0.5 to 1.5 over 5", "-1 to 1 over 5"])
def test_the_bounds_of_an_option_hold_for_the_whole_schedule(text):
    with pytest.raises(UsageError, match="should be (greater|less) than"):
        validated(Options, {"strength": text})


def test_an_option_is_a_number_or_a_schedule():
    assert validated(Options, {"strength": 1}).strength == 1
    assert validated(Options, {"strength": "0.25"}).strength == 0.25
    scheduled = validated(Options, {"strength": "0.25 to 0.75 over 10"})
    assert value_at(scheduled.strength, Progress(5, 0)) == 0.5
    assert scheduled.model_dump()["strength"] == "0.25 to 0.75 over 10 steps"


def test_a_learning_rate_may_go_to_zero_and_may_not_be_zero():
    assert TrainingConfig(generator_lr="2e-4 to 0 over 100").generator_lr.end == 0
    for wrong in (0, -1e-4, "-1e-4 to 0 over 10"):
        with pytest.raises(UsageError, match="greater than"):
            merged(TrainingConfig, {"generator_lr": wrong})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"unit": "epochs"}, "a unit of steps, kimg, not 'epochs'"),
        ({"shape": "cubic"}, "a shape of linear, cosine, exponential, not 'cubic'"),
    ],
)
def test_a_unit_or_shape_that_is_none_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Schedule(1, 0, length=10, **wrong)
