"""Divergence: the error that ends a run, with its last good checkpoint and advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ganzoo.config import TrainingConfig
from ganzoo.errors import Diverged, setting
from ganzoo.monitoring.divergence import Divergence as Divergence
from ganzoo.monitoring.divergence import find_divergence as find_divergence
from ganzoo.run.health import EXPLODED, HIGH_RATE, highest_rate, learning_rate_advice


def diverged_error(
    divergence: Divergence, checkpoint_steps: Sequence[int], advice: str
) -> Diverged:
    """Return the error that ends the run, with the last good checkpoint and advice."""
    name, step, became = divergence
    kept = "no checkpoint was saved yet"
    if checkpoint_steps:
        kept = f"the last good checkpoint is of step {checkpoint_steps[-1]}"
    return Diverged(f"{name} {became} at step {step}; {kept}. {advice}", what=name, step=step)


def divergence_advice(
    name: str, training: TrainingConfig, precision: str, extremes: Mapping[str, float]
) -> str:
    """Advise what to change, from the values shortly before the divergence.

    Args:
        name: the term or weight that is not finite.
        training: the settings of the run.
        precision: of the networks.
        extremes: the largest finite magnitude of each term shortly before.
    """
    sentences = []

    # A term that has grown, or a high learning rate.
    largest = max(extremes, key=lambda term: extremes[term], default=None)
    if largest is not None and extremes[largest] > EXPLODED / 100:
        sentences.append(f"{largest} had grown to {extremes[largest]:.1e}")
    if sentences or highest_rate(training) > HIGH_RATE:
        sentences.append(learning_rate_advice(training))

    # Low precision.
    if precision != "fp32":
        sentences.append(f"The networks ran in {precision}: try {setting('precision', 'fp32')}")

    if not sentences:
        sentences.append(
            f"The losses were small before, so look at {name} itself: a square root or logarithm "
            "of zero, or a division by zero. Lower learning rates may help too"
        )
    return ". ".join(sentences)
