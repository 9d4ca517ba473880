"""Progress of a training, and numbers that change with it. Imports no torch."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import BeforeValidator, PlainSerializer
from pydantic_core import CoreSchema, core_schema

Unit = Literal["steps", "kimg"]
Shape = Literal["linear", "cosine", "exponential"]

_NUMBER = r"[-+]?[\d.]+(?:e[-+]?\d+)?"
_UNIT = r"(?: (steps?|kimg))?"
_TEXT = re.compile(
    rf"({_NUMBER}) to ({_NUMBER})(?: over ({_NUMBER}){_UNIT})?(?: from ({_NUMBER}){_UNIT})?"
    rf"(?: ({'|'.join(get_args(Shape))}))?"
)
EXAMPLE = "'2e-4 to 0 over 10000 steps', '0 to 0.5 over 500 kimg from 100 kimg cosine'"


class Progress(NamedTuple):
    """How far a training is: what schedules depend on, and nothing else.

    Attributes:
        step: generator updates done.
        images: real images that the discriminator was trained on, with repetitions.
    """

    step: int
    images: int


@dataclass(frozen=True)
class Schedule:
    """A number that moves from `start` to `end` while training, a pure function of the progress.

    Written as one text: `"2e-4 to 0 over 100000 steps from 50000 steps linear"`. Without `over` it
    jumps. The unit is steps (generator updates) or kimg (thousands of real images).

    Attributes:
        start: the value at first.
        end: the value at last.
        length: how long it moves; 0 to jump.
        begin: when it begins to move.
        unit: of length and begin.
        shape: `linear`, `cosine` (half a cosine wave, as in R3GAN) or `exponential` (a constant
            factor per step; both values must be positive).

    Raises:
        ValueError: it makes no sense; the message says why.
    """

    start: float
    end: float
    length: float = 0.0
    begin: float = 0.0
    unit: Unit = "steps"
    shape: Shape = "linear"

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.start, self.end, self.length, self.begin))):
            raise ValueError("should have finite numbers only")
        if self.length < 0 or self.begin < 0:
            raise ValueError("should not begin before 0 nor end before it begins")
        for name, kind in (("unit", Unit), ("shape", Shape)):
            if (value := getattr(self, name)) not in (known := get_args(kind)):
                raise ValueError(f"should have a {name} of {', '.join(known)}, not {value!r}")
        if self.shape == "exponential" and min(self.start, self.end) <= 0:
            raise ValueError("should go from a positive to a positive number to be exponential")

    def at(self, progress: Progress) -> float:
        """The value at a progress."""
        now = progress.step if self.unit == "steps" else progress.images / 1000
        if now < self.begin or self.start == self.end:
            return self.start
        if now >= self.begin + self.length:
            return self.end
        t = (now - self.begin) / self.length
        match self.shape:
            case "linear":
                return self.start + t * (self.end - self.start)
            case "cosine":
                return self.end + (self.start - self.end) * (1 + math.cos(math.pi * t)) / 2
            case "exponential":
                return self.start * math.pow(self.end / self.start, t)

    # A bound holds for a schedule if it holds at every step.

    def __gt__(self, bound: float) -> bool:
        return min(self.start, self.end) > bound

    def __ge__(self, bound: float) -> bool:
        return min(self.start, self.end) >= bound

    def __lt__(self, bound: float) -> bool:
        return max(self.start, self.end) < bound

    def __le__(self, bound: float) -> bool:
        return max(self.start, self.end) <= bound

    def __str__(self) -> str:
        over = f" over {_plain(self.length)} {self.unit}" if self.length else ""
        begin = f" from {_plain(self.begin)} {self.unit}" if self.begin or not over else ""
        shape = "" if self.shape == "linear" else f" {self.shape}"
        return f"{_plain(self.start)} to {_plain(self.end)}{over}{begin}{shape}"

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """From text.

        Raises:
            ValueError: it is not the text of a schedule, or makes no sense.
        """
        match = _TEXT.fullmatch(" ".join(text.lower().split()))
        if match is None:
            raise ValueError(f"should be a number, or a schedule like {EXAMPLE}")
        start, end, length, length_unit, begin, begin_unit, shape = match.groups()
        if length is None and begin is None:
            raise ValueError(f"should say over how many steps or kimg: {text} over 10000 steps")

        # One unit for both, or one that says it for both.
        units = {unit.rstrip("s") for unit in (length_unit, begin_unit) if unit}
        if len(units) > 1:
            raise ValueError("should be in steps or in kimg, not in both")
        return cls(
            float(start),
            float(end),
            float(length or 0),
            float(begin or 0),
            "kimg" if units == {"kimg"} else "steps",
            shape or "linear",  # type: ignore[arg-type]  # the pattern allows no other
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.is_instance_schema(cls)


def _plain(number: float) -> str:
    """Without a decimal point where there is nothing behind it."""
    return str(int(number)) if abs(number) < 1e15 and number == int(number) else repr(number)


def _number_or_schedule(given: object) -> object:
    """Accept a number, its text, and the text of a schedule."""
    value = given
    if isinstance(given, str):
        try:
            value = float(given)
        except ValueError:
            return Schedule.parse(given)
    if isinstance(value, bool) or not isinstance(value, (int, float, Schedule)):
        raise ValueError(f"should be a number, or a schedule like {EXAMPLE}")
    if not isinstance(value, Schedule) and not math.isfinite(value):
        raise ValueError("should be a finite number")
    return value


Scheduled = Annotated[
    float | Schedule,
    BeforeValidator(_number_or_schedule),
    PlainSerializer(lambda v: str(v) if isinstance(v, Schedule) else v),
]
"""The type of an option that may be a number or a schedule: `lr: Scheduled = Field(2e-4, gt=0)`.

Bounds hold for the whole schedule. Its value at a step is `value_at(option, progress)`.
"""


def largest(value: float | Schedule) -> float:
    """The largest value that a number or schedule has."""
    return max(value.start, value.end) if isinstance(value, Schedule) else value


def value_at(value: float | Schedule, progress: Progress) -> float:
    """The value of a number or schedule at a progress."""
    return value.at(progress) if isinstance(value, Schedule) else value
