"""Divergence: finds loss terms and weights that are not finite, and advises what to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ganzoo.errors import Diverged, setting
from ganzoo.run.diagnosis import nonfinite_weight
from ganzoo.run.health import EXPLODED, HIGH_RATE, learning_rate_advice
from ganzoo.run.term_buffer import TermBuffer
from ganzoo.training.trainer import Trainer


class Divergence(NamedTuple):
    """The first loss term or weight that is not finite.

    Attributes:
        name: of the term, or network and parameter.
        step: at which it was first seen.
        became: end of a sentence about it: `"became nan"`.
    """

    name: str
    step: int
    became: str


def find_divergence(trainer: Trainer, terms: TermBuffer) -> Divergence | None:
    """Return the first term that is not finite, or else such a weight; None if all are finite."""
    if (term := terms.first_nonfinite()) is not None:
        step, name, value = term
        return Divergence(name, step, f"became {value}")
    if (weight := nonfinite_weight(trainer)) is not None:
        return Divergence(weight, trainer.step, "is no longer finite")
    return None


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
    name: str, settings: Mapping[str, Any], precision: str, extremes: Mapping[str, float]
) -> str:
    """Advise what to change, from the values shortly before the divergence.

    Args:
        name: the term or weight that is not finite.
        settings: the run's `training` section.
        precision: of the networks.
        extremes: the largest finite magnitude of each term shortly before.
    """
    sentences = []

    # A term that has grown, or a high learning rate.
    largest = max(extremes, key=lambda term: extremes[term], default=None)
    if largest is not None and extremes[largest] > EXPLODED / 100:
        sentences.append(f"{largest} had grown to {extremes[largest]:.1e}")
    if sentences or max(settings["generator_lr"], settings["discriminator_lr"]) > HIGH_RATE:
        sentences.append(learning_rate_advice(settings))

    # Low precision.
    if precision != "fp32":
        sentences.append(f"The networks ran in {precision}: try {setting('precision', 'fp32')}")

    if not sentences:
        sentences.append(
            f"The losses were small before, so look at {name} itself: a square root or logarithm "
            "of zero, or a division by zero. Lower learning rates may help too"
        )
    return ". ".join(sentences)
