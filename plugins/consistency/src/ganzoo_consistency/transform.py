"""The transform of consistency regularization: random flips and shifts (Zhang et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

import ganzoo


class FlipShift(ganzoo.Augmentation):
    """Mirrors each image with probability 1/2 and shifts it by up to an eighth of each side.

    Shifts are whole pixels, alike probable; the border is padded by reflection.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to as many transformed ones."""
        n, channels, height, width = images.shape
        rows, columns = _shifted(images, height), _shifted(images, width)

        # Mirror.
        mirrored = torch.rand(n, 1, device=images.device) < 0.5
        columns = torch.where(mirrored, width - 1 - columns, columns)

        # The source of each pixel, as a flat index.
        sources = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)
        sources = sources[:, None].expand(n, channels, -1)
        return images.flatten(2).gather(2, sources).view_as(images)


def _shifted(images: Tensor, size: int) -> Tensor:
    """The source of each position along a side, `(N, size)`."""
    most = size // 8
    shift = torch.randint(-most, most + 1, (len(images), 1), device=images.device)
    sources = (torch.arange(size, device=images.device) + shift).abs()
    return size - 1 - (size - 1 - sources).abs()
