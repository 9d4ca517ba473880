"""FastGAN (Liu et al. 2021, arXiv:2101.04775), for few images.

Differences from the paper: the generator makes one image, and the discriminator shrinks it where
the paper's generator makes a second, smaller one. Conditional training, which the paper has not,
appends an embedding of the class to z and projects it in the discriminator (Miyato & Koyama 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ganzoo
from ganzoo_fastgan.discriminator import Discriminator
from ganzoo_fastgan.generator import Generator
from ganzoo_fastgan.layers import initialize
from ganzoo_fastgan.options import FastGANOptions

SIDES = (32, 64, 128, 256, 512, 1024)


class FastGAN(ganzoo.Architecture):
    """A light generator and a discriminator with decoders, for squares of 32 to 1024 pixels."""

    options: FastGANOptions

    def __init__(self, options: FastGANOptions | None = None) -> None:
        super().__init__(options or FastGANOptions())

    @property
    def latent(self) -> ganzoo.Latent:
        """z ~ N(0, I)."""
        return ganzoo.NormalLatent(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """The paper's."""
        return {
            "batch_size": 8,
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "betas": (0.5, 0.999),
        }

    def default_constraints(self) -> Mapping[str, Mapping[str, Any]]:
        """Spectral normalization of all convolutions."""
        return {"spectral-norm": {"networks": "both"}}

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest square that can be built: 28x28 becomes 32x32."""
        side = min(SIDES, key=lambda side: (abs(side - min(height, width)), side))
        return (side, side)

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for a square whose sides are a power of two from 32 to 1024."""
        if image.height != image.width or image.height not in SIDES:
            near = "x".join(map(str, self.natural_size(image.height, image.width)))
            raise ganzoo.Unsupported(
                f"fastgan builds squares of 32, 64, 128, 256, 512 or 1024 pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', near)}"
            )
        generator = Generator(self.options, image, image.num_classes * demands.labels)
        discriminator = Discriminator(self.options, image, demands)
        return ganzoo.Networks(generator.apply(initialize), discriminator.apply(initialize))
