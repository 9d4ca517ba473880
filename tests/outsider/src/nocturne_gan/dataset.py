"""Night skies: a vertical gradient, stars, and a moon whose phase is the label."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

import ganzoo
from nocturne_gan.options import NightSkyOptions

PHASES = (
    "new",
    "waxing-crescent",
    "first-quarter",
    "waxing-gibbous",
    "full",
    "waning-gibbous",
    "last-quarter",
    "waning-crescent",
)
SPLITS = ("train", "test")

ZENITH = torch.tensor([0.02, 0.03, 0.12])
HORIZON = torch.tensor([0.10, 0.12, 0.30])
MOONLIGHT = torch.tensor([0.95, 0.93, 0.82])
EARTHSHINE = 0.12
"""Brightness of the moon's dark side, so that a new moon is visible."""


class NightSky(ganzoo.Dataset):
    """Skies of the northern hemisphere, where a waxing moon is lit on the right."""

    options: NightSkyOptions

    def __init__(self, options: NightSkyOptions | None = None) -> None:
        super().__init__(options or NightSkyOptions())

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """The skies of a split; train and test differ."""
        if split not in SPLITS:
            raise ganzoo.UsageError(f"no split '{split}' of night-sky; there are train and test")
        size, skies = self.options.size, Skies(self.options, split)
        if self.options.condition == "ephemeris":
            spec = ganzoo.ImageSpec(3, size, size, condition=ganzoo.Vector(3))
            return ganzoo.ImageSource(skies, spec)
        return ganzoo.ImageSource(
            skies,
            ganzoo.ImageSpec(3, size, size, num_classes=len(PHASES)),
            class_names=PHASES,
        )


@dataclass(frozen=True)
class Skies(Dataset[tuple[Tensor, int | Tensor]]):
    """The i-th sky depends on seed, split and i alone, so nothing is stored."""

    options: NightSkyOptions
    split: str

    def __len__(self) -> int:
        return self.options.count

    def __getitem__(self, index: int) -> tuple[Tensor, int | Tensor]:
        """A uint8 `(3, size, size)` image and its phase, or its ephemeris `(3,)`."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        # torch's CPU generator uses 32 bits of its seed, numpy's uses all of them
        rng = np.random.default_rng((self.options.seed, SPLITS.index(self.split), index))
        label = int(rng.integers(len(PHASES)))
        sky = draw_sky(self.options.size, self.options.stars, rng)
        sky, altitude = draw_moon(sky, label / len(PHASES), rng)
        image = sky.mul(255).round().clamp(0, 255).to(torch.uint8)
        if self.options.condition == "phase":
            return image, label
        angle = 2 * math.pi * label / len(PHASES)
        return image, torch.tensor([math.cos(angle), math.sin(angle), altitude])


def draw_sky(size: int, stars: int, rng: np.random.Generator) -> Tensor:
    """A gradient with stars, `(3, size, size)` in [0, 1]."""
    height = torch.linspace(0, 1, size)[None, :, None]
    sky = ZENITH[:, None, None] * (1 - height) + HORIZON[:, None, None] * height
    sky = sky.expand(3, size, size).clone()
    places = torch.from_numpy(rng.integers(size * size, size=stars))
    # many faint ones, a few bright
    brightness = torch.from_numpy(rng.random(stars, dtype=np.float32)).square()
    sky.view(3, -1).index_add_(1, places, brightness.expand(3, -1))
    return sky.clamp(max=1)


def draw_moon(sky: Tensor, phase: float, rng: np.random.Generator) -> tuple[Tensor, float]:
    """The sky with a moon in its upper part, and the moon's altitude: 0 at the bottom, 1 on top."""
    size = sky.shape[1]
    radius = rng.uniform(0.14, 0.20) * size
    x0, y0 = rng.uniform(radius, size - radius), rng.uniform(radius, 0.6 * size)
    axis = torch.arange(size) + 0.5
    y, x = torch.meshgrid((axis - y0) / radius, (axis - x0) / radius, indexing="ij")
    disc = ((1 - torch.hypot(x, y)) * radius + 0.5).clamp(0, 1)  # anti-aliased edge
    glow = EARTHSHINE + (1 - EARTHSHINE) * lit(x, y, phase).float()
    return sky * (1 - disc) + MOONLIGHT[:, None, None] * glow * disc, 1 - y0 / size


def lit(x: Tensor, y: Tensor, phase: float) -> Tensor:
    """Which points of the unit disc are sunlit.

    The terminator is half an ellipse, x = cos(2 pi phase) sqrt(1 - y^2): the moon is lit to its
    right while waxing, to the left of the mirrored one while waning. The lit share of the disc is
    (1 - cos(2 pi phase)) / 2.
    """
    terminator = math.cos(2 * math.pi * phase) * (1 - y.square()).clamp(min=0).sqrt()
    return x > terminator if phase < 0.5 else x < -terminator
