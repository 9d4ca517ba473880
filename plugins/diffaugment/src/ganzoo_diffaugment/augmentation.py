"""DiffAugment (Zhao et al. 2020, arXiv:2006.10738): the same transforms of real and fake images."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_diffaugment.options import DiffAugmentOptions

SHIFT = 0.125
"""Farthest translation, in sides of the image."""

HOLE = 0.5
"""Side of the cut out rectangle, in sides of the image."""


class DiffAugment(ganzoo.Augmentation):
    """Color, translation and cutout with random strengths, of every image with probability 1."""

    options: DiffAugmentOptions

    def __init__(self, options: DiffAugmentOptions | None = None) -> None:
        super().__init__(options or DiffAugmentOptions())

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to as many transformed ones."""
        transforms = {"color": color, "translation": translation, "cutout": cutout}
        for name in self.options.policy:
            images = transforms[name](images)
        return images


def color(images: Tensor) -> Tensor:
    """Random brightness, then saturation, then contrast.

    x + b with b ~ U(-1/2, 1/2); then each pixel's distance from its mean over the channels times
    U(0, 2); then each value's distance from the mean of the image times U(1/2, 3/2).
    """
    images = images + _uniform(images, -0.5, 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * _uniform(images, 0.0, 2.0)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * _uniform(images, 0.5, 1.5)


def translation(images: Tensor) -> Tensor:
    """Shift by whole pixels, up to an eighth of each side; zeros come in."""
    n, channels, height, width = images.shape
    rows, rows_inside = _shifted(images, height)
    columns, columns_inside = _shifted(images, width)

    # Sources as flat indices; outside of the image the index of a zero behind the last pixel.
    inside = rows_inside[:, :, None] & columns_inside[:, None, :]
    sources = torch.where(inside, rows[:, :, None] * width + columns[:, None, :], height * width)
    sources = sources.flatten(1)[:, None].expand(n, channels, -1)
    return F.pad(images.flatten(2), (0, 1)).gather(2, sources).view_as(images)


def cutout(images: Tensor) -> Tensor:
    """Set a rectangle of half of each side to zero, its centre anywhere in the image."""
    n, _, height, width = images.shape
    rows, columns = _hole(images, height), _hole(images, width)
    hole = rows[:, :, None] & columns[:, None, :]
    return images.masked_fill(hole.view(n, 1, height, width), 0.0)


def _uniform(images: Tensor, low: float, high: float) -> Tensor:
    """A number for each image."""
    drawn = torch.rand(len(images), 1, 1, 1, dtype=images.dtype, device=images.device)
    return low + (high - low) * drawn


def _shifted(images: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The source of each position along a side `(N, size)`, and whether it is in the image."""
    device = images.device
    most = int(size * SHIFT + 0.5)
    shift = torch.randint(-most, most + 1, (len(images), 1), device=device)
    sources = torch.arange(size, device=device) - shift
    return sources, (sources >= 0) & (sources < size)


def _hole(images: Tensor, size: int) -> Tensor:
    """Which positions along a side are cut out, `(N, size)`."""
    device = images.device
    length = int(size * HOLE + 0.5)
    centre = torch.randint(0, size + (1 - length % 2), (len(images), 1), device=device)
    offset = torch.arange(size, device=device) - (centre - length // 2)
    return (offset >= 0) & (offset < length)
