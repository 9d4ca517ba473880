"""BigGAN-deep: residual blocks of four convolutions with a bottleneck (figure 16 of the paper).

Their shortcuts have no weights but for the channels that a block adds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo_biggan.networks import upsample

BOTTLENECK = 4
"""The inner convolutions have a quarter of the channels."""


class GeneratorBlock(nn.Module):
    """1x1, upsample, 3x3, 3x3, 1x1, each after a conditional norm and a ReLU.

    The shortcut leaves out the last channels of its input.

    Args:
        inputs: channels of the input.
        outputs: channels of the output, at most as many.
        features: length of the condition.
        doubles: whether it doubles the sides.
    """

    def __init__(self, inputs: int, outputs: int, features: int, *, doubles: bool) -> None:
        super().__init__()
        self.outputs, self.doubles = outputs, doubles
        inner = max(1, inputs // BOTTLENECK)
        self.norm1 = ganzoo.nn.ConditionalBatchNorm2d(inputs, features)
        self.conv1 = nn.Conv2d(inputs, inner, 1)
        self.norm2 = ganzoo.nn.ConditionalBatchNorm2d(inner, features)
        self.conv2 = nn.Conv2d(inner, inner, 3, padding=1)
        self.norm3 = ganzoo.nn.ConditionalBatchNorm2d(inner, features)
        self.conv3 = nn.Conv2d(inner, inner, 3, padding=1)
        self.norm4 = ganzoo.nn.ConditionalBatchNorm2d(inner, features)
        self.conv4 = nn.Conv2d(inner, outputs, 1)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H, W)`, or twice both sides.

        Args:
            x: feature map.
            c: condition `(N, features)`.
        """
        hidden = self.conv1(F.relu(self.norm1(x, c)))
        hidden, x = F.relu(self.norm2(hidden, c)), x[:, : self.outputs]
        if self.doubles:
            hidden, x = upsample(hidden), upsample(x)
        hidden = self.conv2(hidden)
        hidden = self.conv3(F.relu(self.norm3(hidden, c)))
        out: Tensor = x + self.conv4(F.relu(self.norm4(hidden, c)))
        return out


class DiscriminatorBlock(nn.Module):
    """1x1, 3x3, 3x3, average pooling, 1x1, with a ReLU before each convolution.

    The shortcut appends the channels that its input lacks, by a 1x1 convolution of it.

    Args:
        inputs: channels of the input.
        outputs: channels of the output, at least as many.
        halves: whether it halves the sides.
    """

    def __init__(self, inputs: int, outputs: int, *, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        inner = max(1, outputs // BOTTLENECK)
        self.conv1 = nn.Conv2d(inputs, inner, 1)
        self.conv2 = nn.Conv2d(inner, inner, 3, padding=1)
        self.conv3 = nn.Conv2d(inner, inner, 3, padding=1)
        self.conv4 = nn.Conv2d(inner, outputs, 1)
        self.more = nn.Conv2d(inputs, outputs - inputs, 1) if outputs > inputs else None

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H, W)`, or half of both sides."""
        hidden = self.conv2(F.relu(self.conv1(F.relu(x))))
        hidden = F.relu(self.conv3(F.relu(hidden)))
        if self.halves:
            x, hidden = F.avg_pool2d(x, 2), F.avg_pool2d(hidden, 2)
        if self.more is not None:
            x = torch.cat([x, self.more(x)], 1)
        out: Tensor = x + self.conv4(hidden)
        return out


def discriminator_layers(
    image: ganzoo.ImageSpec,
    widths: Sequence[int],
    halvings: int,
    attention: Collection[int],
    depth: int,
) -> list[nn.Module]:
    """Layers from images to the last feature map.

    Args:
        image: of the images.
        widths: channels after the first convolution and after each stage.
        halvings: how many stages halve the sides, the first ones.
        attention: sides of the feature maps with self-attention.
        depth: blocks in a stage; the first one changes channels and sides.
    """
    layers: list[nn.Module] = [nn.Conv2d(image.channels, widths[0], 3, padding=1)]
    for k, (inputs, outputs) in enumerate(pairwise(widths)):
        halves = k < halvings
        layers.append(DiscriminatorBlock(inputs, outputs, halves=halves))
        layers += [DiscriminatorBlock(outputs, outputs, halves=False) for _ in range(depth - 1)]
        if halves and image.height >> (k + 1) in attention:
            layers.append(ganzoo.nn.SelfAttention2d(outputs))
    return layers
