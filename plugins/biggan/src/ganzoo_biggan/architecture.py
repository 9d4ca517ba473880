"""BigGAN and BigGAN-deep (Brock et al. 2019, arXiv:1809.11096).

Both have class-conditional batch norm in the generator, a projection discriminator without batch
norm, self-attention, and spectral normalization of both networks. Spectral normalization is a
constraint that the architectures bring; `none` leaves it out.

Unconditional: batch norm in the generator depends on z alone, and the score has no projection.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from torch import nn

import ganzoo
from ganzoo_biggan import deep, wide
from ganzoo_biggan.codes import HierarchicalCodes, WholeCodes
from ganzoo_biggan.networks import Discriminator, Generator
from ganzoo_biggan.options import BigGANDeepOptions, BigGANOptions
from ganzoo_biggan.widths import DEEP_WIDTHS, WIDTHS, Widths


class Sizes(NamedTuple):
    """Sizes of the networks for one size of image.

    Attributes:
        generator: channels of the generator's first feature map and after each stage.
        discriminator: channels of the discriminator; see `Widths`.
        halvings: see `Widths`.
        classes: of the generator's embedding; 0 if unconditional.
        attention: sides of the feature maps with self-attention.
    """

    generator: Sequence[int]
    discriminator: Sequence[int]
    halvings: int
    classes: int
    attention: Sequence[int]


class _BigGAN(ganzoo.Architecture):
    """What BigGAN and BigGAN-deep share."""

    options: BigGANOptions
    name: ClassVar[str]
    widths: ClassVar[Mapping[int, Widths]]

    @abstractmethod
    def generator(self, image: ganzoo.ImageSpec, sizes: Sizes) -> nn.Module:
        """The generator, with torch's initialization."""

    @abstractmethod
    def discriminator_layers(self, image: ganzoo.ImageSpec, sizes: Sizes) -> list[nn.Module]:
        """Layers of the discriminator from images to the last feature map."""

    @property
    def latent(self) -> ganzoo.Latent:
        """z ~ N(0, I); truncation cuts it."""
        return ganzoo.NormalLatent(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Of section 3: two discriminator updates per step and two time scales."""
        return {
            "n_critic": 2,
            "optimizer": "adam",
            "generator_lr": 5e-5,
            "discriminator_lr": 2e-4,
            "betas": (0.0, 0.999),
            "ema_decay": 0.9999,
        }

    def default_constraints(self) -> Mapping[str, Mapping[str, Any]]:
        """Spectral normalization of both networks, except the shared class embedding."""
        return {"spectral-norm": {"networks": "both", "eps": 1e-6, "exclude": ["codes.shared"]}}

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size that can be built: 28 becomes 32."""
        side = min(self.widths, key=lambda size: (abs(2 * size - height - width), size))
        return (side, side)

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for a square image of 32, 64, 128 or 256 pixels."""
        # Sizes.
        side = image.height
        if side not in self.widths or image.width != side:
            near = self.natural_size(image.height, image.width)[0]
            raise ganzoo.Unsupported(
                f"{self.name} builds square images of 32, 64, 128 or 256 pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', near)}"
            )
        widths, unit = self.widths[side], self.options.base_channels
        sizes = Sizes(
            [unit * width for width in widths.generator],
            [unit * width for width in widths.discriminator],
            widths.halvings,
            image.num_classes if demands.labels else 0,
            self._attention(side),
        )

        # Networks.
        layers = self.discriminator_layers(image, sizes)
        networks = ganzoo.Networks(
            self.generator(image, sizes),
            Discriminator(layers, sizes.discriminator[-1], image, demands),
        )
        for network in networks:
            ganzoo.nn.initialize(network, self.options.initialization)
        return networks

    def settle(self, generator: nn.Module, draw: ganzoo.Draw) -> None:
        """Batch norm's standing statistics, if the options say so."""
        ganzoo.nn.standing_statistics(generator, draw, self.options.standing_statistics)

    def _attention(self, side: int) -> tuple[int, ...]:
        """Sides of the feature maps with self-attention, for images of this side."""
        maps = [8 << k for k in range((side // 8).bit_length() - 1)]
        chosen = self.options.attention
        if chosen == "auto":
            return (min(side // 2, 64),)
        if not set(chosen) <= set(maps):
            raise ganzoo.Unsupported(
                f"{self.name} has self-attention on feature maps whose sides are {maps} for "
                f"images of {side} pixels, not on {list(chosen)}; choose some of these, or [] for "
                "none"
            )
        return chosen


class BigGAN(_BigGAN):
    """Residual networks for square images of 32 to 256 pixels, with a chunk of z for each block."""

    name = "biggan"
    widths = WIDTHS

    def __init__(self, options: BigGANOptions | None = None) -> None:
        super().__init__(options or BigGANOptions())

    def generator(self, image: ganzoo.ImageSpec, sizes: Sizes) -> nn.Module:
        """See the class."""
        chunks, latent_dim = len(sizes.generator), self.options.latent_dim
        if latent_dim < chunks:
            raise ganzoo.Unsupported(
                f"biggan cuts z into {chunks} chunks for images of {image.height} pixels, and "
                f"z has only {latent_dim} entries; give latent_dim at least {chunks}"
            )
        codes = HierarchicalCodes(latent_dim, chunks - 1, sizes.classes, self.options.embedding_dim)
        return Generator(
            codes, sizes.generator, image.channels, sizes.attention, wide.GeneratorBlock
        )

    def discriminator_layers(self, image: ganzoo.ImageSpec, sizes: Sizes) -> list[nn.Module]:
        """See the class."""
        return wide.discriminator_layers(
            image, sizes.discriminator, sizes.halvings, sizes.attention
        )


class BigGANDeep(_BigGAN):
    """Deeper residual networks with bottlenecks, for square images of 32 to 256 pixels."""

    options: BigGANDeepOptions
    name = "biggan-deep"
    widths = DEEP_WIDTHS

    def __init__(self, options: BigGANDeepOptions | None = None) -> None:
        super().__init__(options or BigGANDeepOptions())

    def generator(self, image: ganzoo.ImageSpec, sizes: Sizes) -> nn.Module:
        """See the class."""
        options = self.options
        blocks = options.depth * (len(sizes.generator) - 1)
        codes = WholeCodes(options.latent_dim, blocks, sizes.classes, options.embedding_dim)
        return Generator(
            codes,
            sizes.generator,
            image.channels,
            sizes.attention,
            deep.GeneratorBlock,
            options.depth,
        )

    def discriminator_layers(self, image: ganzoo.ImageSpec, sizes: Sizes) -> list[nn.Module]:
        """See the class."""
        return deep.discriminator_layers(
            image, sizes.discriminator, sizes.halvings, sizes.attention, self.options.depth
        )
