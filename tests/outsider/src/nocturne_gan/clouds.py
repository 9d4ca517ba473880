"""Clouds: an augmentation that veils images, so that brightness alone gives no image away."""

from __future__ import annotations

import torch
from torch import Tensor

import ganzoo
from nocturne_gan.options import CloudsOptions

CLOUD = 0.3
"""Brightness of a cloud at night, in [-1, 1]."""


class Clouds(ganzoo.Augmentation):
    """x + a (c - x) with c the brightness of a cloud and a ~ U(0, cover) for each image."""

    options: CloudsOptions
    cover: Tensor

    def __init__(self, options: CloudsOptions | None = None) -> None:
        super().__init__(options or CloudsOptions())
        self.register_buffer("cover", torch.tensor(0.0))
        self.at(ganzoo.Progress(step=0, images=0))

    def at(self, progress: ganzoo.Progress) -> None:
        """Follow the forecast."""
        self.cover.fill_(ganzoo.value_at(self.options.cover, progress))

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` behind clouds."""
        thickness = torch.rand(len(images), 1, 1, 1, dtype=images.dtype, device=images.device)
        return images + self.cover.to(images.dtype) * thickness * (CLOUD - images)

    def after_discriminator_step(
        self, real_scores: Tensor | None, fake_scores: Tensor | None
    ) -> dict[str, Tensor]:
        """Put the cover into the log."""
        return {"cover": self.cover.clone()}
