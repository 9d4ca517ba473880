"""The values that pass through one step: its inputs, and the record it leaves for diagnosis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.interfaces.critic import Batch

Terms = dict[str, Tensor]
"""Scalars by name: the terms of a loss."""

ActivePenalties = tuple[str, ...]
"""Names of the penalties that are applied in one update (lazy regularization)."""


class StepInput(NamedTuple):
    """The inputs of one update: a real batch, and z `(N, latent_dim)` for as many fakes."""

    real: Batch
    z: Tensor

    def part(self, rows: slice) -> StepInput:
        """Some rows: the inputs of a micro-batch."""
        return StepInput(self.real[rows], self.z[rows])

    def clone(self) -> StepInput:
        """The same values in memory of their own."""
        labels = self.real.labels
        real = Batch(self.real.images.clone(), None if labels is None else labels.clone())
        return StepInput(real, self.z.clone())

    def copy_(self, other: StepInput) -> None:
        """Overwrite the values by those of another, in place."""
        self.real.images.copy_(other.real.images)
        self.z.copy_(other.z)
        if self.real.labels is not None and other.real.labels is not None:
            self.real.labels.copy_(other.real.labels)


class StepRecord(NamedTuple):
    """Images and scores of an update for diagnosis, without a graph; None if a loss used none.

    Attributes:
        real: images `(N, C, H, W)`.
        fake: the generator's images of the same update.
        real_scores: `(N,)` of `real`.
        fake_scores: `(N,)` of `fake`.
    """

    real: Tensor | None = None
    fake: Tensor | None = None
    real_scores: Tensor | None = None
    fake_scores: Tensor | None = None

    @classmethod
    def joined(cls, records: Sequence[StepRecord]) -> StepRecord:
        """The records of all micro-batches as one."""
        columns = zip(*records, strict=True)
        return cls(*(None if None in column else torch.cat(column) for column in columns))
