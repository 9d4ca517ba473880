"""The generator and the discriminator of SAGAN, and their residual blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo

START = 4
"""Sides of the generator's first feature map."""


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)` in [-1, 1].

    Args:
        latent_dim: length of z.
        widths: channels of the first feature map and of those after each block.
        channels: of an image.
        classes: 0 for an unconditional generator.
        attention: sides of the feature maps with self-attention.
    """

    def __init__(
        self,
        latent_dim: int,
        widths: list[int],
        channels: int,
        classes: int,
        attention: Collection[int],
    ) -> None:
        super().__init__()
        self.conditional = classes > 0
        self.linear = nn.Linear(latent_dim, START * START * widths[0])

        def norm(width: int) -> nn.Module:
            return ganzoo.nn.ClassBatchNorm2d(width, classes) if classes else nn.BatchNorm2d(width)

        self.blocks, self.attention = nn.ModuleList(), nn.ModuleList()
        for k, (wide, narrow) in enumerate(pairwise(widths)):
            self.blocks.append(GeneratorBlock(wide, narrow, norm))
            attends = START << (k + 1) in attention
            self.attention.append(
                ganzoo.nn.SelfAttention2d(narrow) if attends else nn.Identity(),
            )
        self.norm = nn.BatchNorm2d(widths[-1])
        self.image = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        condition: tuple[Tensor, ...] = ()
        if self.conditional:
            assert labels is not None, "this generator was built to be conditional: give it labels"
            condition = (labels,)

        # Rows, columns, channels: this view is in the channels_last memory format.
        features = self.linear(z).view(len(z), START, START, -1).permute(0, 3, 1, 2)
        for block, attend in zip(self.blocks, self.attention, strict=True):
            features = attend(block(features, *condition))
        images: Tensor = self.image(F.relu(self.norm(features))).tanh()
        return images


class GeneratorBlock(nn.Module):
    """Residual block that doubles the sides: norm, ReLU, upsample, 3x3, norm, ReLU, 3x3.

    The shortcut is a 1x1 convolution, before upsampling, with which it commutes.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        norm: makes batch norm for a number of channels, of features alone or of features and
            labels.
    """

    def __init__(self, inputs: int, outputs: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.norm1, self.norm2 = norm(inputs), norm(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, *condition: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, 2 H, 2 W)`.

        Args:
            x: feature map.
            condition: labels `(N,)` if the norms are conditional.
        """
        hidden = self.conv1(upsample(F.relu(self.norm1(x, *condition))))
        hidden = self.conv2(F.relu(self.norm2(hidden, *condition)))
        out: Tensor = upsample(self.shortcut(x)) + hidden
        return out


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N,)`, with the demanded outputs.

    Args:
        image: of the images.
        widths: channels after each block.
        halvings: how many blocks halve the sides, the first ones.
        demands: as given to `Architecture.build`.
        attention: sides of the feature maps with self-attention.
    """

    def __init__(
        self,
        image: ganzoo.ImageSpec,
        widths: list[int],
        halvings: int,
        demands: ganzoo.Demands,
        attention: Collection[int],
    ) -> None:
        super().__init__()
        self.blocks, self.attention = nn.ModuleList(), nn.ModuleList()
        for k, (narrow, wide) in enumerate(pairwise([image.channels, *widths])):
            halves = k < halvings
            block = ganzoo.nn.DiscriminatorBlock(narrow, wide, halves=halves, first=k == 0)
            self.blocks.append(block)
            attends = halves and image.height >> (k + 1) in attention
            self.attention.append(ganzoo.nn.SelfAttention2d(wide) if attends else nn.Identity())
        self.heads = ganzoo.nn.DiscriminatorHeads(widths[-1], image, demands)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        features = images
        for block, attend in zip(self.blocks, self.attention, strict=True):
            features = attend(block(features))
        outputs: Tensor | dict[str, Tensor] = self.heads(F.relu(features).sum((2, 3)), labels)
        return outputs


def upsample(x: Tensor) -> Tensor:
    """Each pixel to 2x2 equal ones."""
    return F.interpolate(x, scale_factor=2, mode="nearest")
