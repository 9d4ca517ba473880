"""The parts of R3GAN's networks: residual block, transitions and initialization."""

from __future__ import annotations

from typing import TypeVar

import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo

SLOPE = 0.2
"""Of the leaky ReLU for negative numbers."""

L = TypeVar("L", nn.Conv2d, nn.Linear, nn.Embedding)


class Block(nn.Module):
    """x + W3 lrelu(W2 lrelu(W1 x)), W2 a grouped 3x3 convolution on twice the channels.

    An inverted bottleneck, as in ConvNeXt: W1 doubles the channels, W3 halves them, both 1x1.

    Args:
        width: channels.
        group_channels: of W2; its groups are the most that divide the channels and are no smaller.
    """

    def __init__(self, width: int, group_channels: int) -> None:
        super().__init__()
        inner = 2 * width
        most = max(1, inner // group_channels)
        groups = max(count for count in range(1, most + 1) if inner % count == 0)
        self.expand = nn.Conv2d(width, inner, 1)
        self.mix = nn.Conv2d(inner, inner, 3, padding=1, groups=groups)
        self.reduce = nn.Conv2d(inner, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to the same shape."""
        inner = F.leaky_relu(self.expand(x), SLOPE)
        inner = F.leaky_relu(self.mix(inner), SLOPE)
        branch: Tensor = self.reduce(inner)
        return x + branch


def grow(wide: int, narrow: int) -> list[nn.Module]:
    """To twice the sides: the channels change first, then the filter [1, 3, 3, 1] interpolates.

    Beyond its borders the map is continued, where the authors' is zero.
    """
    return [*change(wide, narrow), nn.Upsample(scale_factor=2, mode="bilinear")]


def shrink(narrow: int, wide: int) -> list[nn.Module]:
    """To half the sides: filtered first, then the channels change."""
    return [ganzoo.nn.Downsample(), *change(narrow, wide)]


def change(inputs: int, outputs: int) -> list[nn.Module]:
    """A 1x1 convolution, where the number of channels changes."""
    return [plain(nn.Conv2d(inputs, outputs, 1, bias=False))] if inputs != outputs else []


def initialize(block: Block, blocks: int) -> Block:
    """Fixup: the branch starts at zero, and its inner layers shrink with the depth of the network.

    Their weights are N(0, gain^2 / fan_in), gain = sqrt(2 / (1 + slope^2)) L^(-1 / (2m - 2)), with
    L blocks in the network and m = 3 layers in a block.

    Args:
        block: changed in place.
        blocks: L.
    """
    gain = nn.init.calculate_gain("leaky_relu", SLOPE) * blocks**-0.25
    for layer in (block.expand, block.mix):
        plain(layer, gain)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)
    nn.init.zeros_(block.reduce.weight)
    return block


def plain(layer: L, gain: float = 1.0) -> L:
    """Weights from N(0, gain^2 / fan_in); gain 1 where no activation follows.

    An embedding is a linear map of a one-hot vector: its fan-in is the number of classes.
    """
    weight = layer.weight
    fan_in = len(weight) if isinstance(layer, nn.Embedding) else weight[0].numel()
    nn.init.normal_(weight, 0.0, gain * fan_in**-0.5)
    return layer
