"""Divergence: finds the first loss term or weight that is not finite."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from ganzoo.errors import Diverged, setting
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.monitoring.term_buffer import TermBuffer

EVERY = 50
"""Steps between two checks of weights, and of terms that are not on the CPU: reading one waits for
the device."""


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


def find_divergence(trainer: TrainerState, terms: TermBuffer) -> Divergence | None:
    """The first term of the latest steps that is not finite, or else such a weight; else None."""
    if (term := terms.first_nonfinite()) is not None:
        seen, name, value = term
        return Divergence(name, seen, f"became {value}")
    if (weight := nonfinite_weight(trainer)) is not None:
        return Divergence(weight, trainer.step, "is no longer finite")
    return None


@torch.no_grad()
def nonfinite_weight(trainer: TrainerState) -> str | None:
    """The name of a parameter or buffer that is not finite, the discriminator's first."""
    networks = {"discriminator": trainer.discriminator, "generator": trainer.generator}
    for title, network in networks.items():
        tensors = {k: v for k, v in network.state_dict().items() if v.is_floating_point()}
        if not tensors or get_total_norm(list(tensors.values())).isfinite():
            continue
        for name, tensor in tensors.items():
            if not tensor.isfinite().all():
                return f"{title}/{name}"
    return None


class DivergenceCheck(Observer):
    """Ends a training that has diverged; a run's recorder does so with its last checkpoint.

    Terms on the CPU are read at each step. On another device reading waits for it, so that they
    are collected and read at intervals.
    """

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Collect terms anew."""
        self.terms = TermBuffer()

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Check terms and weights at intervals, or if a term that can be read is not finite."""
        self.terms.add(trainer.step, terms)
        readable = all(term.is_cpu for term in terms.values())
        if trainer.step % EVERY == 0 or (readable and not all(map(math.isfinite, terms.values()))):
            self.finished(trainer)

    def finished(self, trainer: TrainerState) -> None:
        """Check terms and weights.

        Raises:
            Diverged: names the first that is not finite.
        """
        divergence = find_divergence(trainer, self.terms)
        self.terms.clear()
        if divergence is not None:
            name, step, became = divergence
            raise Diverged(
                f"{name} {became} at step {step}. Try a tenth of {setting('generator_lr')} and "
                f"{setting('discriminator_lr')}, {setting('max_grad_norm', 1)}, or a penalty on "
                "the discriminator",
                what=name,
                step=step,
            )
