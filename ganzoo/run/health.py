"""Health: detects mode collapse and other failures in the log of a run, with advice.

A rule becomes a finding if it holds for several lines in a row up to the last one, so that a
passing state raises no alarm. The thresholds were set by healthy runs of every loss on images,
emoji and points, and by runs made to fail; the tests hold both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ganzoo.config import TrainingConfig
from ganzoo.errors import Message, setting
from ganzoo.interfaces.schedule import Schedule, largest

Line = Mapping[str, float]

LINES = 5
"""Lines in a row, up to the last, for which a rule must hold."""

SETTLED = 100
"""Steps before which no rule applies: untrained networks are neither dead nor collapsed."""

EXPLODED = 1e6
"""Magnitude of scores above which training has diverged."""

NO_GRADIENT = 1e-7
"""Gradient norm below which a gradient counts as zero: Adam's epsilon is 1e-8."""

UNMOVED = 1e-6
"""Relative distance of weights to their average below which it is the rounding of float32."""

IDENTICAL = 0.05
"""Diversity of fakes, relative to that of the data, below which they are all the same image.
Untrained networks have 0.09 and more."""

POOR = 0.25
"""The same in a run that has had twice as much diversity, or is past `LONG` steps."""

LONG = 1000
"""Steps after which fakes should have this diversity. Slow starts take half as many."""

SEPARATED = 0.998
"""ROC AUC of the discriminator at which it separates real and fake images perfectly."""

IDLE = 0.02
"""Discriminator gradient, relative to that of the first lines, at which it learns nothing."""

NEVER_BUSY = 1e-3
"""The same in absolute terms, for a discriminator that won before the first lines."""

WON_LINES = 10
"""Lines over which the median of the discriminator gradient is taken, as it is noisy."""

HIGH_RATE = 0.01
"""Learning rate above which a lower one is advised."""


@dataclass(frozen=True)
class Finding:
    """A failure of a run. Settings in its texts are marked by `ganzoo.errors.setting`.

    Attributes:
        kind: `"explosion"`, `"dead-generator"`, `"collapse"` or `"discriminator-wins"`.
        since: the first step of the log at which it holds.
        message: what is wrong, with the numbers.
        advice: what to try.
    """

    kind: str
    since: int
    message: str
    advice: str

    @property
    def marked(self) -> str:
        """Message, step and advice in one text."""
        return f"{self.message} (since step {self.since}). {self.advice}"

    def __str__(self) -> str:
        return Message(self.marked)


def examine(lines: Sequence[Line], training: TrainingConfig) -> list[Finding]:
    """Find failures at the last line of a log; a cause hides its consequences.

    Args:
        lines: of `metrics.jsonl`, all or the latest.
        training: the settings of the run.
    """
    # Steps at which rules hold.
    settled = [line for line in lines if line["step"] >= SETTLED]

    def since(holds: Callable[[Line], bool]) -> int | None:
        """Return the step from which a rule holds, if it holds for enough lines."""
        rows = 0
        while rows < len(settled) and holds(settled[-1 - rows]):
            rows += 1
        return int(settled[-rows]["step"]) if rows >= LINES else None

    # Causes: divergence and dead generators.
    if (step := since(_has_exploded)) is not None:
        return [_explosion(settled[-1], step, training)]
    if (step := since(_has_no_gradient)) is not None:
        return [_no_gradient(settled[-1], step)]
    if largest(training.ema_decay) >= 0.5 and (step := since(_has_not_moved)) is not None:
        return [_not_moved(step)]

    # Consequences: mode collapse and a discriminator that wins.
    findings = []
    had_more = max(map(_diversity, lines), default=0.0) >= 2 * POOR
    if (step := since(lambda line: _is_collapsed(line, had_more))) is not None:
        findings.append(_collapse(settled[-1], step))
    if (step := since(_is_separated)) is not None and _is_idle(lines):
        findings.append(_won(settled[-1], step))
    return findings


def too_little(lines: Sequence[Line]) -> tuple[str, ...]:
    """Return why a log is too short to be judged; nothing if it is long enough."""
    settled = sum(line["step"] >= SETTLED for line in lines)
    if settled >= LINES:
        return ()
    return (
        f"There is too little to judge its training by: {settled} lines of its log are of step "
        f"{SETTLED} or later, and {LINES} are needed",
    )


def _has_exploded(line: Line) -> bool:
    return max(abs(line.get("scores/real", 0.0)), abs(line.get("scores/fake", 0.0))) > EXPLODED


def _has_no_gradient(line: Line) -> bool:
    return line.get("generator/gradient_norm", 1.0) < NO_GRADIENT


def _has_not_moved(line: Line) -> bool:
    return line.get("generator/distance_to_average", 1.0) < UNMOVED


def _diversity(line: Line) -> float:
    """Diversity of the fakes relative to that of the data; 1 if unknown."""
    real = line.get("diversity/real", 0.0)
    return line.get("diversity/fake", real) / real if real > 0 else 1.0


def _is_collapsed(line: Line, had_more: bool) -> bool:
    threshold = POOR if had_more or line["step"] >= LONG else IDENTICAL
    return _diversity(line) < threshold


def _is_separated(line: Line) -> bool:
    return line.get("scores/auc", 0.0) >= SEPARATED


def _is_idle(lines: Sequence[Line]) -> bool:
    """Whether the discriminator's gradient has vanished."""
    norms = [line.get("discriminator/gradient_norm", 1.0) for line in lines]
    if len(norms) < 2 * WON_LINES:
        return False
    return median(norms[-WON_LINES:]) <= max(IDLE * median(norms[:WON_LINES]), NEVER_BUSY)


def _explosion(line: Line, since: int, training: TrainingConfig) -> Finding:
    return Finding(
        "explosion",
        since,
        f"the discriminator's scores have grown to {line['scores/real']:.1e} for real images and "
        f"{line['scores/fake']:.1e} for fakes",
        f"Training has diverged. {learning_rate_advice(training)}",
    )


def _no_gradient(line: Line, since: int) -> Finding:
    return Finding(
        "dead-generator",
        since,
        f"no gradient reaches the generator: its norm is {line['generator/gradient_norm']:.1e}",
        "The loss is saturated, or the generator is detached from it. Try a loss that does not "
        "saturate, lower learning rates, and a generator whose output is not saturated",
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
        "The generator has collapsed (mode collapse), or ignores its noise. Try a penalty on the "
        f"discriminator (`ganzoo list penalties`), a lower {setting('generator_lr')}, a larger "
        f"{setting('batch_size')}, or an earlier checkpoint",
    )


def _won(line: Line, since: int) -> Finding:
    return Finding(
        "discriminator-wins",
        since,
        f"the discriminator wins outright: its ROC AUC is {line['scores/auc']:.3f}, and its "
        f"gradient has shrunk to {line['discriminator/gradient_norm']:.1e}",
        "The generator learns nothing from a perfect discriminator. Try a lower "
        f"{setting('discriminator_lr')} or a higher {setting('generator_lr')}, a penalty "
        "(`ganzoo list penalties`), a smaller discriminator, or more images",
    )


def highest_rate(training: TrainingConfig) -> float:
    """Return the highest learning rate that either network has."""
    return max(largest(training.generator_lr), largest(training.discriminator_lr))


def learning_rate_advice(training: TrainingConfig) -> str:
    """Advise lower learning rates."""
    rates = training.generator_lr, training.discriminator_lr
    now = " and ".join(str(r) if isinstance(r, Schedule) else f"{r:g}" for r in rates)
    if highest_rate(training) > HIGH_RATE and training.optimizer != "sgd":
        return (
            f"The learning rates {now} are far above the usual 1e-4 to 1e-3: try "
            f"{setting('generator_lr', 2e-4)} {setting('discriminator_lr', 2e-4)}"
        )
    return (
        f"Try a tenth of the learning rates (now {now}), or a penalty on the discriminator "
        "(`ganzoo list penalties`)"
    )
