"""A residual block without normalization, of discriminators."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class DiscriminatorBlock(nn.Module):
    """Residual block of SNGAN, SAGAN and BigGAN (arXiv:1802.05957, 1805.08318, 1809.11096).

    ReLU, 3x3, ReLU, 3x3, then average pooling if it halves the sides.

    The first block of a network has no ReLU before its first convolution. The shortcut is a 1x1
    convolution where the channels change or the sides are halved, after the pooling, with which it
    commutes.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        halves: whether it halves the sides.
        first: whether its input is images.
    """

    def __init__(self, inputs: int, outputs: int, *, halves: bool, first: bool) -> None:
        super().__init__()
        self.halves, self.first = halves, first
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        changes = halves or inputs != outputs
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if changes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H, W)`, or half of both sides."""
        hidden = self.conv1(x if self.first else F.relu(x))
        hidden = self.conv2(F.relu(hidden))
        if self.halves:
            x, hidden = F.avg_pool2d(x, 2), F.avg_pool2d(hidden, 2)
        out: Tensor = self.shortcut(x) + hidden
        return out
