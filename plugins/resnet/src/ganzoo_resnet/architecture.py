"""The ResNets of SNGAN and of WGAN-GP.

SNGAN (Miyato et al. 2018, arXiv:1802.05957): batch norm in the generator, spectral normalization
of every layer of the discriminator, a score that is linear in the sum of the last feature map.
Spectral normalization is a constraint that the architecture brings; `none` leaves it out.

WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028, its CIFAR-10 ResNet): the same blocks, 128
channels in both networks, the mean of the last feature map, no spectral normalization.

Conditional: a gain and a bias for each class in the generator's blocks, and a projection
discriminator (Miyato & Koyama 2018, arXiv:1802.05637).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import ganzoo
from ganzoo_resnet.networks import Discriminator, Generator, residual_convolutions
from ganzoo_resnet.options import ResNetOptions


class Layout(NamedTuple):
    """Widths of both networks for one size of images, in units of `base_channels`.

    Attributes:
        start: side of the generator's first feature map.
        generator: of this map and of those after each block, which double the sides.
        discriminator: after each block.
        halvings: how many blocks of the discriminator halve the sides: the first ones.
    """

    start: int
    generator: tuple[int, ...]
    discriminator: tuple[int, ...]
    halvings: int


LAYOUTS = {
    "sngan": {
        32: Layout(4, (4, 4, 4, 4), (2, 2, 2, 2), 2),
        48: Layout(6, (8, 4, 2, 1), (1, 2, 4, 8, 16), 4),
        64: Layout(4, (16, 8, 4, 2, 1), (1, 2, 4, 8, 16), 5),
        128: Layout(4, (16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5),
        256: Layout(4, (16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16, 16), 6),
    },
    "wgan-gp": {32: Layout(4, (2, 2, 2, 2), (2, 2, 2, 2), 2)},
}
"""By the image's side. 32 is the papers' for CIFAR-10, 48 for STL-10, 64 and 128 the authors' for
ImageNet; 256 is StudioGAN's."""


class ResNet(ganzoo.Architecture):
    """Residual networks for square images of 32, 48, 64, 128 or 256 pixels."""

    options: ResNetOptions

    def __init__(self, options: ResNetOptions | None = None) -> None:
        super().__init__(options or ResNetOptions())

    @property
    def latent(self) -> ganzoo.Latent:
        """z ~ N(0, I)."""
        return ganzoo.NormalLatent(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Those of both papers, but for the learning rate, which falls to 0 at the last step."""
        return {
            "batch_size": 64,
            "n_critic": 5,
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "betas": (0.0, 0.9),
        }

    def default_constraints(self) -> Mapping[str, Mapping[str, Any]]:
        """Spectral normalization of SNGAN's discriminator."""
        spectral_norm = {"spectral-norm": {"networks": "discriminator"}}
        return spectral_norm if self.options.variant == "sngan" else {}

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size that can be built: 28 becomes 32."""
        layouts = LAYOUTS[self.options.variant]
        side = min(layouts, key=lambda size: (abs(2 * size - height - width), size))
        return (side, side)

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for a square image of a size in `LAYOUTS`."""
        layout = self._layout(image, demands)
        unit = self.options.base_channels

        # Networks.
        generator = Generator(
            self.options.latent_dim,
            layout.start,
            [unit * width for width in layout.generator],
            image.channels,
            image.num_classes if demands.labels else 0,
        )
        discriminator = Discriminator(
            image,
            [unit * width for width in layout.discriminator],
            layout.halvings,
            demands,
            norm=self.options.discriminator_norm,
            hidden=self.options.hidden_width,
            pooling="sum" if self.options.variant == "sngan" else "mean",
        )

        # Weights.
        for network in (generator, discriminator):
            residual = residual_convolutions(network)
            ganzoo.nn.initialize(network, self.options.initialization, relu=residual)
        return ganzoo.Networks(generator, discriminator)

    def _layout(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> Layout:
        """The layout for an image.

        Raises:
            Unsupported: there is none for its size, or the discriminator's norm is forbidden.
        """
        variant = self.options.variant
        layouts = LAYOUTS[variant]
        if image.width != image.height or image.height not in layouts:
            *smaller, largest = map(str, layouts)
            sides = f"{', '.join(smaller)} or {largest}" if smaller else largest
            near = self.natural_size(image.height, image.width)[0]
            other = "" if variant == "sngan" else ", or variant = sngan, which builds larger ones"
            raise ganzoo.Unsupported(
                f"resnet with variant = {variant} builds square images of {sides} pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', near)}{other}"
            )
        if self.options.discriminator_norm == "batch" and demands.forbids_batch_statistics:
            raise ganzoo.Unsupported(
                "resnet with discriminator_norm = batch makes the score of an image depend on the "
                "others in its batch, which a penalty forbids; choose discriminator_norm = layer "
                "or none"
            )
        return layouts[image.height]
