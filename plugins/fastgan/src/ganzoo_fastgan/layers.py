"""The parts that FastGAN's two networks share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Norm = Callable[[int], nn.Module]
"""Makes a normalization for a number of channels."""


class Excitation(nn.Module):
    """Skip-layer excitation: a gate in (0, 1) for each channel of another map.

    sigmoid(W2 swish(W1 pool(x))): x is pooled to 4x4, W1 covers all of it, and W2 is 1x1.

    Args:
        inputs: channels of x.
        outputs: channels of the map that is gated.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.AdaptiveAvgPool2d(4),
            nn.Conv2d(inputs, outputs, 4, bias=False),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, outputs, 1, 1)`."""
        gates: Tensor = self.body(x)
        return gates


class Noise(nn.Module):
    """x + a n: one map of noise for each image, the same for all channels; a starts at 0.

    In evaluation mode the noise is a fixed map, so that an image depends on its z alone.

    Args:
        side: of the map.
    """

    fixed: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("fixed", torch.randn(1, 1, side, side))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to the same shape."""
        noise = self.fixed
        if self.training:
            noise = torch.randn(len(x), 1, *x.shape[2:], dtype=x.dtype, device=x.device)
        return x + self.strength * noise


def double(inputs: int, outputs: int, norm: Norm = nn.BatchNorm2d) -> list[nn.Module]:
    """To twice the sides: nearest neighbours, a 3x3 convolution, a norm and a GLU."""
    return [nn.Upsample(scale_factor=2), *gated(inputs, outputs, norm)]


def double_with_noise(inputs: int, outputs: int, side: int) -> list[nn.Module]:
    """The same with noise before the norm, and a second convolution."""
    first, second = gated(inputs, outputs), gated(outputs, outputs)
    first.insert(1, Noise(side))
    second.insert(1, Noise(side))
    return [nn.Upsample(scale_factor=2), *first, *second]


def gated(inputs: int, outputs: int, norm: Norm = nn.BatchNorm2d) -> list[nn.Module]:
    """A 3x3 convolution, a norm and a gated linear unit, which halves the channels."""
    convolution = nn.Conv2d(inputs, 2 * outputs, 3, padding=1, bias=False)
    return [convolution, norm(2 * outputs), nn.GLU(1)]


def initialize(layer: nn.Module) -> None:
    """Convolutions from N(0, 0.02), gains of norm layers from N(1, 0.02)."""
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, (nn.BatchNorm2d, nn.GroupNorm)):
        nn.init.normal_(layer.weight, 1.0, 0.02)
