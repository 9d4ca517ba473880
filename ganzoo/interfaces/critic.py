"""Batch and Critic: the images that a loss or penalty receives, and what scores them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Images with their labels.

    Attributes:
        images: `(N, C, H, W)`, floating point in [-1, 1].
        labels: `(N,)` of int64 in `[0, num_classes)`; None in unconditional training.
    """

    images: Tensor
    labels: Tensor | None = None

    def __len__(self) -> int:
        return self.images.shape[0]

    def __getitem__(self, rows: slice) -> Batch:
        """Some of the images with their labels."""
        return Batch(self.images[rows], None if self.labels is None else self.labels[rows])

    def with_images(self, images: Tensor) -> Batch:
        """Other images with the same labels."""
        return replace(self, images=images)

    @staticmethod
    def cat(batches: Sequence[Batch]) -> Batch:
        """One batch of all images, in order; labels where every batch has them."""
        labels = [batch.labels for batch in batches if batch.labels is not None]
        images = torch.cat([batch.images for batch in batches])
        return Batch(images, torch.cat(labels) if len(labels) == len(batches) else None)


class Critic(Protocol):
    """The discriminator as losses and penalties call it, with augmentation and precision."""

    def __call__(self, batch: Batch) -> Tensor:
        """Raw scores `(N,)` in float32: high for real, never through a sigmoid."""
        ...

    def outputs(self, batch: Batch) -> Mapping[str, Tensor]:
        """`{"scores": (N,)}` and everything else the discriminator returns, in float32."""
        ...
