"""Mixtures of Gaussians in the plane (Srivastava et al. 2017, arXiv:1705.07761, section 4.1).

A point (x, y) is an image of two channels and one pixel. Images are stored in 8 bits, so
coordinates are multiples of 2 / 255, well below the default standard deviation of 0.02.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor

import ganzoo
from ganzoo_gaussians.options import GaussiansOptions

EXTENT = 0.8
"""Distance of the outermost modes from the centre, so that their tails fit into [-1, 1]."""

PIXELS = 384
"""Side of a rendered scatter plot."""


class ModeCount(NamedTuple):
    """Mode coverage of a set of points.

    Attributes:
        covered: modes with at least one point within three standard deviations.
        high_quality: share of points within three standard deviations of some mode.
    """

    covered: int
    high_quality: float


class Gaussians(ganzoo.Dataset):
    """Points of an equally weighted Gaussian mixture; the label is the mode."""

    options: GaussiansOptions

    def __init__(self, options: GaussiansOptions | None = None) -> None:
        super().__init__(options or GaussiansOptions())

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """Draw the points of a split; `"test"` draws as many different points."""
        if split not in ("train", "test"):
            raise ganzoo.UsageError(f"no split '{split}' of gaussians; there are train and test")
        options = self.options
        rng = torch.Generator().manual_seed(2 * options.seed + (split == "test"))
        labels = torch.randint(options.modes, (options.count,), generator=rng)
        noise = torch.randn(options.count, 2, generator=rng)
        points = self.modes()[labels] + options.std * noise
        pixels = ganzoo.to_uint8(points)[:, :, None, None]
        return ganzoo.ImageSource(
            list(zip(pixels, labels.tolist(), strict=True)),
            ganzoo.ImageSpec(2, 1, 1, num_classes=options.modes),
            class_names=tuple(f"mode-{k}" for k in range(options.modes)),
            resizable=False,
        )

    def modes(self) -> Tensor:
        """Centres of the modes, `(modes, 2)` in [-1, 1]."""
        count = self.options.modes
        if self.options.layout == "ring":
            angle = 2 * math.pi * torch.arange(count) / count
            return EXTENT * torch.stack([angle.cos(), angle.sin()], dim=1)
        side = math.isqrt(count)
        axis = torch.linspace(-EXTENT, EXTENT, side) if side > 1 else torch.zeros(1)
        return torch.cartesian_prod(axis, axis)

    def count_modes(self, images: Tensor) -> ModeCount:
        """Modes covered and share of high-quality points, by the paper's three-sigma rule.

        Args:
            images: `(N, 2, 1, 1)` in [-1, 1].
        """
        points = images.flatten(1).float().cpu()
        distance, nearest = torch.cdist(points, self.modes()).min(dim=1)
        good = distance <= 3 * self.options.std
        return ModeCount(len(set(nearest[good].tolist())), good.float().mean().item())

    def render(self, images: Tensor) -> Tensor:
        """A scatter plot, with the true modes as circles of three standard deviations."""
        picture = Image.new("RGB", (PIXELS, PIXELS), "white")
        draw = ImageDraw.Draw(picture)
        radius = 3 * self.options.std * PIXELS / 2
        for x, y in _to_pixels(self.modes()):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=(200, 200, 200))
        for x, y in _to_pixels(images.flatten(1).float().cpu()):
            draw.ellipse((x - 1, y - 1, x + 1, y + 1), fill=(20, 80, 200))
        tensor: Tensor = pil_to_tensor(picture)
        return tensor


def _to_pixels(points: Tensor) -> list[list[float]]:
    """Coordinates in [-1, 1], y upwards, as pixel positions."""
    flipped = points * torch.tensor([1.0, -1.0])
    positions: list[list[float]] = flipped.add(1).mul(PIXELS / 2).tolist()
    return positions
