"""DCGAN (Radford et al. 2015, arXiv:1511.06434).

Strided convolutions in place of pooling, batch norm everywhere but in the generator's output and
the discriminator's input layer, ReLU in the generator, LeakyReLU(0.2) in the discriminator, weights
from N(0, 0.02). Where batch statistics are forbidden, the discriminator uses layer norm, as in
Gulrajani et al. 2017.

Conditional: an embedding of the class is appended to z; the discriminator is a projection
discriminator (Miyato & Koyama 2018, arXiv:1802.05637).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_dcgan.options import DCGANOptions

SIZES = (16, 32, 64, 128)
CLASS_DIM = 32
"""Length of the generator's class embedding."""


class DCGAN(ganzoo.Architecture):
    """Convolutional networks for sides that are powers of two from 16 to 128."""

    options: DCGANOptions

    def __init__(self, options: DCGANOptions | None = None) -> None:
        super().__init__(options or DCGANOptions())

    @property
    def latent(self) -> ganzoo.Latent:
        """z ~ N(0, I), or uniform on [-1, 1] as in the paper."""
        kind = ganzoo.NormalLatent if self.options.latent == "normal" else ganzoo.UniformLatent
        return kind(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Section 4 of the paper, but for the discriminator's rate, which is twice the paper's.

        Two time scales (Heusel et al. 2017, arXiv:1706.08500) make better images with the hinge
        loss, and equal ones with the paper's.
        """
        return {
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 4e-4,
            "betas": (0.5, 0.999),
        }

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size that can be built: 28 becomes 32."""
        return (_nearest(height), _nearest(width))

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for an image whose sides are each 16, 32, 64 or 128."""
        if not {image.height, image.width} <= set(SIZES):
            near = "x".join(map(str, self.natural_size(image.height, image.width)))
            raise ganzoo.Unsupported(
                f"dcgan builds images whose sides are 16, 32, 64 or 128 pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', near)}"
            )
        halvings = (min(image.height, image.width) // 4).bit_length() - 1
        seed_map = (image.height >> halvings, image.width >> halvings)
        widths = [self._base_channels(image) << k for k in range(halvings)]
        classes = image.num_classes if demands.labels else 0
        generator = Generator(
            self.options.latent_dim, widths[::-1], seed_map, image.channels, classes
        )
        discriminator = Discriminator(
            image.channels,
            widths,
            seed_map,
            layer_norm=demands.forbids_batch_statistics,
            classes=0 if demands.unconditional_scores else classes,
            outputs=demands.outputs,
            num_classes=image.num_classes,
        )
        return ganzoo.Networks(
            generator.apply(initialize),
            discriminator.apply(initialize),
        )

    def _base_channels(self, image: ganzoo.ImageSpec) -> int:
        """As asked for; by default what makes the best images in a few minutes on a CPU."""
        if self.options.base_channels != "auto":
            return self.options.base_channels
        return 32 if max(image.height, image.width) <= 32 else 64

    def settle(self, generator: nn.Module, draw: ganzoo.Draw) -> None:
        """Standing statistics, if asked for."""
        ganzoo.nn.standing_statistics(generator, draw, self.options.standing_statistics)


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)` in [-1, 1]."""

    def __init__(
        self,
        latent_dim: int,
        widths: list[int],
        seed_map: tuple[int, int],
        channels: int,
        classes: int,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, CLASS_DIM) if classes else None
        inputs = latent_dim + (CLASS_DIM if classes else 0)
        self.seed_map = seed_map
        self.project = nn.Linear(inputs, seed_map[0] * seed_map[1] * widths[0], bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for wide, narrow in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(narrow),
                nn.ReLU(),
            ]
        layers += [nn.ConvTranspose2d(widths[-1], channels, 4, stride=2, padding=1), nn.Tanh()]
        self.body = nn.Sequential(*layers)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        if self.embed is not None:
            assert labels is not None, "this generator was built to be conditional: give it labels"
            z = torch.cat([z, self.embed(labels)], dim=1)
        # Rows, columns, channels: this view is in the channels_last memory format.
        features = self.project(z).view(len(z), *self.seed_map, -1).permute(0, 3, 1, 2)
        images: Tensor = self.body(features)
        return images


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N,)`, with the demanded outputs."""

    def __init__(
        self,
        channels: int,
        widths: list[int],
        seed_map: tuple[int, int],
        *,
        layer_norm: bool,
        classes: int,
        outputs: Mapping[str, ganzoo.Output],
        num_classes: int,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(channels, widths[0], 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
        ]
        for narrow, wide in pairwise(widths):
            # layer norm over C, H, W with a gain and a shift per channel is a group norm of one
            norm = nn.GroupNorm(1, wide) if layer_norm else nn.BatchNorm2d(wide)
            layers += [
                nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False),
                norm,
                nn.LeakyReLU(0.2),
            ]
        self.body = nn.Sequential(*layers)
        # The paper's last convolution covers the whole map, so it is a linear layer.
        features = widths[-1] * seed_map[0] * seed_map[1]
        self.score = nn.Linear(features, 1)
        self.project = nn.Embedding(classes, widths[-1]) if classes else None
        self.outputs = ganzoo.nn.OutputHeads(features, outputs, num_classes)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        features = self.body(images)
        flat = features.flatten(1)
        scores: Tensor = self.score(flat).flatten()
        if self.project is not None:
            assert labels is not None, "this discriminator was built to be conditional"
            scores = scores + (self.project(labels) * features.mean((2, 3))).sum(1)
        outputs = self.outputs(flat, labels)
        return {"scores": scores, **outputs} if outputs else scores


def initialize(layer: nn.Module) -> None:
    """Weights from N(0, 0.02), gains of norm layers from N(1, 0.02), zero biases (section 4)."""
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, (nn.BatchNorm2d, nn.GroupNorm)):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)


def _nearest(side: int) -> int:
    return min(SIZES, key=lambda size: (abs(size - side), size))
