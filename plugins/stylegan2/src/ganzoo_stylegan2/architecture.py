"""StyleGAN2 (Karras et al. 2020, arXiv:1912.04958), and its CIFAR-10 variant (arXiv:2006.06676)."""

from __future__ import annotations

from typing import ClassVar

import ganzoo
from ganzoo_stylegan2.discriminator import Discriminator, Heads
from ganzoo_stylegan2.generator import Generator, Synthesis
from ganzoo_stylegan2.latent import StyleLatent
from ganzoo_stylegan2.mapping import Mapping, StyleMapping
from ganzoo_stylegan2.options import StyleGAN2Options

SIZES = tuple(8 << k for k in range(8))


class StyleGAN2(ganzoo.Architecture):
    """Networks for sides that are powers of two from 8 to 1024."""

    options: StyleGAN2Options
    conditions: ClassVar = frozenset({"none", "classes", "vector"})

    def __init__(self, options: StyleGAN2Options | None = None) -> None:
        super().__init__(options or StyleGAN2Options())

    @property
    def latent(self) -> ganzoo.Latent:
        """z ~ N(0, I), truncated in w."""
        return StyleLatent(self.options.latent_dim, self.options.truncation_cutoff)

    def settings(self) -> ganzoo.Settings:
        """Adam without momentum; the half-life of the EMA is 10,000 images (appendix B)."""
        return {
            "optimizer": "adam",
            "generator_lr": 2e-3,
            "discriminator_lr": 2e-3,
            "betas": (0.0, 0.99),
            "ema_halflife": 10.0,
        }

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size that can be built: 28 becomes 32."""
        return (_nearest(height), _nearest(width))

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for an image whose sides are each a power of two from 8 to 1024."""
        if not {image.height, image.width} <= set(SIZES):
            near = "x".join(map(str, self.natural_size(image.height, image.width)))
            raise ganzoo.Unsupported(
                f"stylegan2 builds images whose sides are powers of two from 8 to 1024 pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', near)}"
            )

        # Sizes: the shorter side starts at 4.
        own = self.options
        doublings = (min(image.height, image.width) // 4).bit_length() - 1
        seed_map = (image.height >> doublings, image.width >> doublings)
        widths = [
            min(max(own.channel_base // (4 << k), 1), own.channel_max) for k in range(doublings + 1)
        ]
        length = image.num_classes or sum(image.condition_shape)
        condition = length if demands.labels else 0

        # Generator.
        depth, multiplier = own.mapping_layers, own.mapping_lr_multiplier
        mapping = StyleMapping(
            Mapping(own.latent_dim, condition, own.style_dim, depth, multiplier),
            own.style_dim,
            2 * len(widths),
            own.style_mixing,
            own.w_avg_decay,
        )
        synthesis = Synthesis(widths, seed_map, image.channels, own.style_dim)

        # Discriminator.
        of_label = (
            Mapping(0, condition, widths[0], depth, multiplier)
            if condition and not demands.unconditional_scores
            else None
        )
        discriminator = Discriminator(
            image.channels,
            widths[::-1],
            seed_map,
            Heads(widths[0], demands, image.num_classes, of_label),
            residual=own.discriminator == "residual",
            minibatch_group=own.minibatch_group,
        )
        return ganzoo.Networks(Generator(mapping, synthesis), discriminator)


def _nearest(side: int) -> int:
    return min(SIZES, key=lambda size: (abs(size - side), size))
