"""Health: what the numbers of the log say of a run, in words, with advice.

A rule becomes a finding only where it holds for several lines of the log without a break up to the
last one, so that a passing state is no alarm. The thresholds were set by healthy runs of every loss
on images, emoji and points, and by runs made to fail; the tests hold both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ganzoo.errors import Message, setting

Line = Mapping[str, float]

LINES = 5
"""Lines in a row, up to the last, for which a rule must hold."""

SETTLED = 100
"""Steps before which no rule looks: untrained networks are neither dead nor collapsed."""

EXPLODED = 1e6
"""Magnitude of scores that no discriminator has any use for."""

STILL = 1e-7
"""Norm of a gradient that is none: Adam's own epsilon is 1e-8."""

UNMOVED = 1e-6
"""Distance of weights to their average, relative to them, that is the rounding of float32."""

IDENTICAL = 0.05
"""Diversity of fakes, as a share of the data's, where one image is as good as another. Networks
before they have learned anything lie at 0.09 and above."""

POOR = 0.25
"""Share that is a collapse in a run that has had twice as much, or has had a long time."""

LONG = 1000
"""Steps after which fakes should differ as much as that. Slow starters take half of it."""

SEPARATED = 0.998
"""Share of pairs of a real and a fake that the discriminator ranks rightly when it has won."""

IDLE = 0.02
"""Its gradient then, as a share of that of its first lines: it has nothing left to learn."""

NEVER_BUSY = 1e-3
"""The same for a discriminator that won before the first lines were written."""

WON_LINES = 10
"""Lines whose median is taken of that gradient, which leaps."""


@dataclass(frozen=True)
class Finding:
    """Something wrong with a run.

    Attributes:
        kind: `"explosion"`, `"dead-generator"`, `"collapse"` or `"discriminator-wins"`.
        since: the step of the log from which on it holds.
        message: what is wrong, with the numbers.
        advice: what to try.
    """

    kind: str
    since: int
    message: str
    advice: str

    @property
    def marked(self) -> str:
        """All of it as text whose settings are marked by `ganzoo.errors.setting`."""
        return f"{self.message} (since step {self.since}). {self.advice}"

    def __str__(self) -> str:
        return Message(self.marked)


def examine(lines: Sequence[Line], settings: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with a run at the last line of its log; causes before their consequences.

    Args:
        lines: of `metrics.jsonl`, all or the latest.
        settings: the run's `training` section.
    """
    settled = [line for line in lines if line["step"] >= SETTLED]

    def since(holds: Callable[[Line], bool]) -> int | None:
        """Where a rule began to hold, if it has held for long enough."""
        row = 0
        while row < len(settled) and holds(settled[-1 - row]):
            row += 1
        return int(settled[-row]["step"]) if row >= LINES else None

    if (step := since(_has_exploded)) is not None:
        return [_explosion(settled[-1], step, settings)]
    if (step := since(_has_no_gradient)) is not None:
        return [_no_gradient(settled[-1], step)]
    if settings.get("ema_decay", 0.0) >= 0.5 and (step := since(_has_not_moved)) is not None:
        return [_not_moved(step)]
    found = []
    had_more = max(map(_diversity, lines), default=0.0) >= 2 * POOR
    if (step := since(lambda line: _is_collapsed(line, had_more))) is not None:
        found.append(_collapse(settled[-1], step))
    if (step := since(_is_separated)) is not None and _is_idle(lines):
        found.append(_won(settled[-1], step))
    return found


def _has_exploded(line: Line) -> bool:
    return max(abs(line.get("scores/real", 0.0)), abs(line.get("scores/fake", 0.0))) > EXPLODED


def _has_no_gradient(line: Line) -> bool:
    return line.get("generator/gradient_norm", 1.0) < STILL


def _has_not_moved(line: Line) -> bool:
    return line.get("generator/distance_to_average", 1.0) < UNMOVED


def _diversity(line: Line) -> float:
    """Of the fakes, as a share of the data's; 1 where it is not known."""
    real = line.get("diversity/real", 0.0)
    return line.get("diversity/fake", real) / real if real > 0 else 1.0


def _is_collapsed(line: Line, had_more: bool) -> bool:
    poor = had_more or line["step"] >= LONG
    return _diversity(line) < (POOR if poor else IDENTICAL)


def _is_separated(line: Line) -> bool:
    return line.get("scores/auc", 0.0) >= SEPARATED


def _is_idle(lines: Sequence[Line]) -> bool:
    norms = [line.get("discriminator/gradient_norm", 1.0) for line in lines]
    if len(norms) < 2 * WON_LINES:
        return False
    return median(norms[-WON_LINES:]) <= max(IDLE * median(norms[:WON_LINES]), NEVER_BUSY)


def _explosion(line: Line, since: int, settings: Mapping[str, Any]) -> Finding:
    return Finding(
        "explosion",
        since,
        f"the discriminator's scores have grown to {line['scores/real']:.1e} for real images and "
        f"{line['scores/fake']:.1e} for fakes",
        f"Training has diverged. {_rates_advice(settings)}",
    )


def _no_gradient(line: Line, since: int) -> Finding:
    return Finding(
        "dead-generator",
        since,
        f"no gradient reaches the generator: its norm is {line['generator/gradient_norm']:.1e}",
        "The loss is saturated, or the generator is cut off from it. Try a loss that does not "
        "saturate, lower learning rates, and a generator that is not at the bounds of its output "
        "everywhere",
    )


def _not_moved(since: int) -> Finding:
    return Finding(
        "dead-generator",
        since,
        "the generator's weights do not move, although a gradient reaches them",
        "Its learning rate is too small to change float32 weights, or its parameters are frozen. "
        f"Try a {setting('generator_lr')} of 1e-4 to 1e-3",
    )


def _collapse(line: Line, since: int) -> Finding:
    return Finding(
        "collapse",
        since,
        "the fakes are nearly all alike: two of them differ "
        f"{_diversity(line):.0%} as much as two real images do",
        "The generator has collapsed, or makes no use of its noise. Try a penalty on the "
        f"discriminator (`ganzoo list penalties`), a lower {setting('generator_lr')}, a larger "
        f"{setting('batch_size')}, or an earlier checkpoint",
    )


def _won(line: Line, since: int) -> Finding:
    return Finding(
        "discriminator-wins",
        since,
        f"the discriminator wins outright: it ranks {line['scores/auc']:.1%} of real images "
        f"above fakes, and its gradient has shrunk to {line['discriminator/gradient_norm']:.1e}",
        "The generator learns nothing from a discriminator without doubts. Try a lower "
        f"{setting('discriminator_lr')} or a higher {setting('generator_lr')}, a penalty "
        "(`ganzoo list penalties`), a smaller discriminator, or more images",
    )


def _rates_advice(settings: Mapping[str, Any]) -> str:
    rates = settings["generator_lr"], settings["discriminator_lr"]
    if max(rates) > 0.01 and settings["optimizer"] != "sgd":
        return (
            f"The learning rates {rates[0]:g} and {rates[1]:g} are far above the usual 1e-4 to "
            f"1e-3: try {setting('generator_lr', 2e-4)} {setting('discriminator_lr', 2e-4)}"
        )
    return (
        f"Try learning rates of a tenth (now {rates[0]:g} and {rates[1]:g}), or a penalty on the "
        "discriminator (`ganzoo list penalties`)"
    )


def divergence_advice(
    what: str, settings: Mapping[str, Any], precision: str, extremes: Mapping[str, float]
) -> str:
    """What to try after something became infinite or no number, from what was seen before.

    Args:
        what: the term or weight.
        settings: the run's `training` section.
        precision: of the networks.
        extremes: the largest finite magnitude of each term shortly before.
    """
    largest = max(extremes, key=lambda term: extremes[term], default=None)
    reasons = []
    if largest is not None and extremes[largest] > EXPLODED / 100:
        reasons.append(f"{largest} had grown to {extremes[largest]:.1e}")
    if reasons or max(settings["generator_lr"], settings["discriminator_lr"]) > 0.01:
        reasons.append(_rates_advice(settings))
    if precision != "fp32":
        reasons.append(f"The networks ran in {precision}: try {setting('precision', 'fp32')}")
    if not reasons:
        reasons.append(
            f"The losses were small before, so look at {what} itself: a square root or logarithm "
            "at zero, or a division by nothing. Lower learning rates may help too"
        )
    return ". ".join(reasons)
