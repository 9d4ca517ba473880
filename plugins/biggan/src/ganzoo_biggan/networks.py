"""The generator and the discriminator, of the blocks of either BigGAN."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo_biggan.codes import Codes

START = 4
"""Sides of the generator's first feature map."""


class MakeBlock(Protocol):
    """Makes a residual block of a generator."""

    def __call__(self, inputs: int, outputs: int, features: int, *, doubles: bool) -> nn.Module:
        """Make it for channels of input and output and the length of its condition."""
        ...


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)` in [-1, 1].

    Args:
        codes: gives the linear layer and each block its vector.
        widths: channels of the first feature map and of those after each stage.
        channels: of an image.
        attention: sides of the feature maps with self-attention.
        block: makes a residual block.
        depth: blocks in a stage; the last one doubles the sides.
    """

    def __init__(
        self,
        codes: Codes,
        widths: Sequence[int],
        channels: int,
        attention: Collection[int],
        block: MakeBlock,
        depth: int = 1,
    ) -> None:
        super().__init__()
        self.codes = codes
        first, *lengths = codes.lengths
        self.linear = nn.Linear(first, START * START * widths[0])

        # Stages: blocks, then perhaps self-attention.
        self.blocks, self.attention = nn.ModuleList(), nn.ModuleList()
        for k, (wide, narrow) in enumerate(pairwise(widths)):
            for d in range(depth):
                last = d == depth - 1
                features = lengths[len(self.blocks)]
                self.blocks.append(block(wide, narrow if last else wide, features, doubles=last))
                attends = last and START << (k + 1) in attention
                self.attention.append(
                    ganzoo.nn.SelfAttention2d(narrow) if attends else nn.Identity()
                )

        self.norm = nn.BatchNorm2d(widths[-1])
        self.image = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        first, *codes = self.codes(z, labels)
        # Rows, columns, channels: this view is in the channels_last memory format.
        features = self.linear(first).view(len(z), START, START, -1).permute(0, 3, 1, 2)
        for block, attend, code in zip(self.blocks, self.attention, codes, strict=True):
            features = attend(block(features, code))
        images: Tensor = self.image(F.relu(self.norm(features))).tanh()
        return images


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N,)`, with the demanded outputs.

    Args:
        layers: images to a feature map.
        features: channels of this map; its sum over positions is what the score is computed from.
        image: of the images.
        demands: as given to `Architecture.build`.
    """

    def __init__(
        self,
        layers: Sequence[nn.Module],
        features: int,
        image: ganzoo.ImageSpec,
        demands: ganzoo.Demands,
    ) -> None:
        super().__init__()
        self.body = nn.Sequential(*layers)
        self.heads = ganzoo.nn.DiscriminatorHeads(features, image, demands)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        features = F.relu(self.body(images)).sum((2, 3))
        outputs: Tensor | dict[str, Tensor] = self.heads(features, labels)
        return outputs


def upsample(x: Tensor) -> Tensor:
    """Each pixel to 2x2 equal ones."""
    return F.interpolate(x, scale_factor=2, mode="nearest")
