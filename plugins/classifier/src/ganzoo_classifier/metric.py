"""The class distribution of a sample."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

import ganzoo

PRESENT = 0.1
"""A class counts as present from this fraction of its share among the real images."""


class Classes(ganzoo.Metric):
    """Number of classes that a classifier finds in the sample, and KL divergence of their shares.

    The number of modes and the KL divergence of Srivastava et al. 2017 (arXiv:1705.07761), with
    classes as modes. A class is present if its share is at least a tenth of its share among the
    real images.
    """

    scores = (
        ganzoo.Score("classes", "higher", detects=("missing classes",)),
        ganzoo.Score("class-KL", "lower", detects=("missing classes", "grey")),
    )
    uses = "logits"
    needs_labels = True
    blind_to = "quality, and variety within a class"

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """The number of classes, and the KL divergence in nats from the real class distribution."""
        assert sample.logits is not None
        assert reference.logits is not None
        p, q = _shares(sample.logits), _shares(reference.logits)
        present = (p >= PRESENT * q) & (q > 0)
        divergence = torch.where(p > 0, p * (p / q.clamp_min(1e-12)).log(), 0)
        return {
            "classes": ganzoo.Measured(float(present.sum())),
            "class-KL": ganzoo.Measured(divergence.sum().item()),
        }


def _shares(logits: Tensor) -> Tensor:
    """Share of each predicted class, `(K,)` in float64."""
    counts = torch.bincount(logits.argmax(1), minlength=logits.shape[1]).double()
    return counts / counts.sum()
