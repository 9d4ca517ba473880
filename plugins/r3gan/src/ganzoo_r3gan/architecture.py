"""The networks of R3GAN (Huang et al. 2024, arXiv:2501.05441), configuration E.

Both networks are stages of residual blocks from 4x4 pixels to the image, or back, with twice the
side from stage to stage. They have no normalization, and start as in Fixup (Zhang et al. 2019,
arXiv:1901.09321).
"""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo
from ganzoo_r3gan.networks import Discriminator, Generator
from ganzoo_r3gan.options import R3GANOptions

SIDES = tuple(4 << k for k in range(1, 9))
"""Sides of images that can be built: 8 to 1024 pixels."""


class R3GAN(ganzoo.Architecture):
    """Residual networks without normalization, for sides that are powers of two from 8 to 1024."""

    options: R3GANOptions

    def __init__(self, options: R3GANOptions | None = None) -> None:
        super().__init__(options or R3GANOptions())

    @property
    def latent(self) -> ganzoo.Latent:
        """z ~ N(0, I)."""
        return ganzoo.NormalLatent(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Where the paper's schedules begin; those are in the recipes."""
        return {
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "betas": (0.0, 0.99),
            "reuse_fakes": False,
        }

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size that can be built: 28 becomes 32."""
        return (_nearest(height), _nearest(width))

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for an image whose sides are powers of two from 8 to 1024."""
        if not {image.height, image.width} <= set(SIDES):
            near = "x".join(map(str, self.natural_size(image.height, image.width)))
            raise ganzoo.Unsupported(
                f"r3gan builds images whose sides are powers of two from 8 to 1024 pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', near)}"
            )
        widths = list(self._widths(min(image.height, image.width)))
        return ganzoo.Networks(
            Generator(self.options, widths, image, classes=image.num_classes * demands.labels),
            Discriminator(self.options, widths, image, demands),
        )

    def _widths(self, side: int) -> Iterator[int]:
        """Channels of the stages, from 4 pixels on."""
        size = 4
        while size <= side:
            excess = max(1, size // self.options.wide_until)
            yield max(1, self.options.base_channels // excess)
            size *= 2


def _nearest(side: int) -> int:
    return min(SIDES, key=lambda size: (abs(size - side), size))
