"""BigGAN: residual blocks of two convolutions (figure 15 of the paper)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo_biggan.networks import upsample


class GeneratorBlock(nn.Module):
    """Conditional norm, ReLU, upsample, 3x3, conditional norm, ReLU, 3x3.

    The shortcut is a 1x1 convolution, before upsampling, with which it commutes.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        features: length of the condition.
        doubles: whether it doubles the sides.
    """

    def __init__(self, inputs: int, outputs: int, features: int, *, doubles: bool) -> None:
        super().__init__()
        self.doubles = doubles
        self.norm1 = ganzoo.nn.ConditionalBatchNorm2d(inputs, features)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2 = ganzoo.nn.ConditionalBatchNorm2d(outputs, features)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, 2 H, 2 W)`.

        Args:
            x: feature map.
            c: condition `(N, features)`.
        """
        hidden, x = F.relu(self.norm1(x, c)), self.shortcut(x)
        if self.doubles:
            hidden, x = upsample(hidden), upsample(x)
        hidden = F.relu(self.norm2(self.conv1(hidden), c))
        out: Tensor = x + self.conv2(hidden)
        return out


def discriminator_layers(
    image: ganzoo.ImageSpec, widths: Sequence[int], halvings: int, attention: Collection[int]
) -> list[nn.Module]:
    """Layers from images to the last feature map.

    Args:
        image: of the images.
        widths: channels after each block.
        halvings: how many blocks halve the sides, the first ones.
        attention: sides of the feature maps with self-attention.
    """
    layers: list[nn.Module] = []
    for k, (inputs, outputs) in enumerate(pairwise([image.channels, *widths])):
        halves = k < halvings
        layers.append(ganzoo.nn.DiscriminatorBlock(inputs, outputs, halves=halves, first=k == 0))
        if halves and image.height >> (k + 1) in attention:
            layers.append(ganzoo.nn.SelfAttention2d(outputs))
    return layers
