"""FastGAN's generator."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_fastgan.layers import Excitation, double, double_with_noise
from ganzoo_fastgan.options import FastGANOptions

CLASS_DIM = 64
"""Length of the class embedding."""

CHANNELS = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 1 / 2, 512: 1 / 4, 1024: 1 / 8}
"""Channels of the map of each side, in multiples of `base_channels`."""

NOISY = (8, 32, 128, 512)
"""Sides with two convolutions and noise."""

COARSE = (4, 8, 16, 32)
"""Sides whose maps gate larger ones."""


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)`.

    Up to 512 pixels there is no activation at the end: images are clamped to [-1, 1] in evaluation
    mode only.

    Args:
        options: of the architecture.
        image: of the images; square.
        classes: number of classes; 0 if it is unconditional.
    """

    def __init__(self, options: FastGANOptions, image: ganzoo.ImageSpec, classes: int) -> None:
        super().__init__()
        sides = [side for side in CHANNELS if side <= image.height]
        widths = {side: max(1, int(options.base_channels * CHANNELS[side])) for side in sides}
        inputs = options.latent_dim + (CLASS_DIM if classes else 0)
        self.embed = nn.Embedding(classes, CLASS_DIM) if classes else None
        self.first = nn.Sequential(
            nn.ConvTranspose2d(inputs, 2 * widths[4], 4, bias=False),
            nn.BatchNorm2d(2 * widths[4]),
            nn.GLU(1),
        )

        # A block for each side, and the gates of the sides that coarser maps reach.
        self.blocks, self.gates = nn.ModuleDict(), nn.ModuleDict()
        self.sources: dict[str, str] = {}
        for side in sides[1:]:
            ends = widths[side // 2], widths[side]
            noisy = side in NOISY and not options.lite
            layers = double_with_noise(*ends, side) if noisy else double(*ends)
            self.blocks[str(side)] = nn.Sequential(*layers)
            source = side // options.span
            if source in COARSE:
                self.gates[str(side)] = Excitation(widths[source], widths[side])
                self.sources[str(side)] = str(source)

        self.to_image = nn.Conv2d(widths[sides[-1]], image.channels, 3, padding=1, bias=False)
        self.squash = nn.Tanh() if image.height > 512 else nn.Identity()

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        if self.embed is not None:
            assert labels is not None, "this generator was built to be conditional: give it labels"
            z = torch.cat([z, self.embed(labels)], dim=1)

        # From 4x4 pixels on, gated by the coarse maps.
        x: Tensor = self.first(z[..., None, None])
        maps = {"4": x}
        for side, block in self.blocks.items():
            x = block(x)
            if side in self.gates:
                x = x * self.gates[side](maps[self.sources[side]])
            maps[side] = x

        images: Tensor = self.squash(self.to_image(x))
        return images if self.training else images.clamp(-1, 1)
