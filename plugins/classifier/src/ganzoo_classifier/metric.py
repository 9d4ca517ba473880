"""Which classes a sample has."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

import ganzoo

PRESENT = 0.1
"""Of its share among the real, from which on a class counts as there."""


class Classes(ganzoo.Metric):
    """How many classes a classifier finds in the sample, and how their shares differ.

    The number of modes and the KL divergence of Srivastava et al. 2017 (arXiv:1705.07761), of the
    classes as modes. A class is there if it has at least a tenth of its share among the real.
    """

    scores = (
        ganzoo.Score("classes", "higher", detects=("missing classes",)),
        ganzoo.Score("class-KL", "lower", detects=("missing classes",)),
    )
    uses = "logits"
    needs_labels = True
    blind_to = "quality, and variety within a class"

    def __init__(self, options: ganzoo.NoOptions | None = None) -> None:
        """There is nothing to choose."""

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """A number of classes, and a divergence in nats from the real shares."""
        assert sample.logits is not None
        assert reference.logits is not None
        mine, theirs = _shares(sample.logits), _shares(reference.logits)
        there = (mine >= PRESENT * theirs) & (theirs > 0)
        divergence = torch.where(mine > 0, mine * (mine / theirs.clamp_min(1e-12)).log(), 0)
        return {
            "classes": ganzoo.Measured(float(there.sum())),
            "class-KL": ganzoo.Measured(divergence.sum().item()),
        }


def _shares(logits: Tensor) -> Tensor:
    """Of the classes that were found, `(K,)`, of which none is quite nothing."""
    counts = torch.bincount(logits.argmax(1), minlength=logits.shape[1]).double()
    return counts / counts.sum()
