"""Layers with an equalized learning rate (Karras et al. 2018, arXiv:1710.10196, section 4.1).

Weights are drawn from N(0, 1) and divided by the root of the fan-in at run time. So a step of Adam
moves every layer by the same share of its size.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class EqualizedLinear(nn.Module):
    """A linear layer with an equalized learning rate.

    Args:
        inputs: length of a row.
        outputs: length of a row.
        bias: its initial value; None for no bias.
        lr_multiplier: of the learning rate: weights are drawn from N(0, 1 / lr_multiplier^2) and
            multiplied by it at run time, as is the bias.
    """

    def __init__(
        self, inputs: int, outputs: int, *, bias: float | None = 0.0, lr_multiplier: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        start = None if bias is None else torch.full((outputs,), bias / lr_multiplier)
        self.bias = None if start is None else nn.Parameter(start)
        self.scale = lr_multiplier / math.sqrt(inputs)
        self.lr_multiplier = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs)` to `(N, outputs)`."""
        bias = None if self.bias is None else self.bias * self.lr_multiplier
        return F.linear(x, self.weight * self.scale, bias)


class EqualizedConv2d(nn.Module):
    """A convolution with an equalized learning rate, which keeps the size or halves it.

    Args:
        inputs: channels.
        outputs: channels.
        kernel: side of the kernel, odd.
        bias: whether it has one, zero at first.
        stride: 1 with padding, or 2 without.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, bias: bool = True, stride: int = 1
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = 1 / math.sqrt(inputs * kernel * kernel)
        self.stride = stride
        self.padding = kernel // 2 if stride == 1 else 0

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H', W')`."""
        weight = self.weight * self.scale
        return F.conv2d(x, weight, self.bias, stride=self.stride, padding=self.padding)


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU with slope 0.2, times the root of 2, which keeps the second moment."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def normalize_second_moment(x: Tensor) -> Tensor:
    """Rows `(N, D)` scaled to a mean square of 1, in float32."""
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()
