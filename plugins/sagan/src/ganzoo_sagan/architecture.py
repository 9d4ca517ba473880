"""SAGAN (Zhang et al. 2019, arXiv:1805.08318): ResNets with self-attention.

The networks are those of Miyato & Koyama 2018 (arXiv:1802.05637) with a self-attention layer each:
class-conditional batch norm in the generator, a projection discriminator without batch norm,
spectral normalization of both networks. Spectral normalization is a constraint that the
architecture brings; `none` leaves it out.

Unconditional: batch norm in the generator has one gain and bias for all, and the score has no
projection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import nn

import ganzoo
from ganzoo_sagan.networks import Discriminator, Generator
from ganzoo_sagan.options import SAGANOptions


class Widths(NamedTuple):
    """Widths in units of `base_channels`.

    Attributes:
        generator: of the feature map of 4x4 and of those after each block, which double the sides.
        discriminator: after each block.
        halvings: how many blocks of the discriminator halve the sides: the first ones.
    """

    generator: tuple[int, ...]
    discriminator: tuple[int, ...]
    halvings: int


WIDTHS = {
    32: Widths((4, 4, 4, 4), (2, 2, 2, 2), 2),
    64: Widths((16, 8, 4, 2, 1), (1, 2, 4, 8, 16), 5),
    128: Widths((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5),
}
"""By the image's side. 32 is StudioGAN's for CIFAR-10, 128 the paper's for ImageNet."""


class SAGAN(ganzoo.Architecture):
    """ResNets for square images of 32, 64 or 128 pixels."""

    options: SAGANOptions

    def __init__(self, options: SAGANOptions | None = None) -> None:
        super().__init__(options or SAGANOptions())

    @property
    def latent(self) -> ganzoo.Latent:
        """z ~ N(0, I)."""
        return ganzoo.NormalLatent(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Section 4: two time scales, one discriminator update per generator update."""
        return {
            "n_critic": 1,
            "optimizer": "adam",
            "generator_lr": 1e-4,
            "discriminator_lr": 4e-4,
            "betas": (0.0, 0.9),
        }

    def default_constraints(self) -> Mapping[str, Mapping[str, Any]]:
        """Spectral normalization of both networks (section 3).

        The gains and biases of class-conditional batch norm are left out: they are no matrices that
        features are multiplied by, and the biases start at 0.
        """
        return {"spectral-norm": {"networks": "both", "exclude": ["*.gain", "*.bias"]}}

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size that can be built: 28 becomes 32."""
        side = min(WIDTHS, key=lambda size: (abs(2 * size - height - width), size))
        return (side, side)

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for a square image of 32, 64 or 128 pixels."""
        # Sizes.
        side = image.height
        if side not in WIDTHS or image.width != side:
            near = self.natural_size(image.height, image.width)[0]
            raise ganzoo.Unsupported(
                f"sagan builds square images of 32, 64 or 128 pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', near)}"
            )
        attention = self._attention(side)
        widths, unit = WIDTHS[side], self.options.base_channels

        # Networks.
        generator = Generator(
            self.options.latent_dim,
            [unit * width for width in widths.generator],
            image.channels,
            image.num_classes if demands.labels else 0,
            attention,
        )
        discriminator = Discriminator(
            image,
            [unit * width for width in widths.discriminator],
            widths.halvings,
            demands,
            attention,
        )
        for network in (generator, discriminator):
            ganzoo.nn.initialize(network, self.options.initialization)
        return ganzoo.Networks(generator, discriminator)

    def settle(self, generator: nn.Module, draw: ganzoo.Draw) -> None:
        """Batch norm's standing statistics, if the options say so."""
        ganzoo.nn.standing_statistics(generator, draw, self.options.standing_statistics)

    def _attention(self, side: int) -> tuple[int, ...]:
        """Sides of the feature maps with self-attention, for images of this side."""
        maps = [8 << k for k in range((side // 8).bit_length() - 1)]
        chosen = self.options.attention
        if chosen == "auto":
            return (side // 2,)
        if not set(chosen) <= set(maps):
            raise ganzoo.Unsupported(
                f"sagan has self-attention on feature maps whose sides are {maps} for images of "
                f"{side} pixels, not on {list(chosen)}; choose some of these, or [] for none"
            )
        return chosen
