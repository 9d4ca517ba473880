"""The low-pass filter [1, 3, 3, 1] / 8 along both sides: blur, halve, double.

A convolution with a stride would alias; StyleGAN2 filters before it drops pixels and after it
inserts zeros (Zhang 2019, arXiv:1904.11486). Beyond the borders there are zeros.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TAPS = (1.0, 3.0, 3.0, 1.0)


class Filter(nn.Module):
    """A filter that is applied to each channel by itself.

    Args:
        gain: factor of the result; 4 makes up for the zeros that doubling inserts.
    """

    taps: Tensor
    """`(1, 1, 4, 4)`."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        row = torch.tensor(TAPS) / sum(TAPS)
        self.register_buffer("taps", gain * torch.outer(row, row)[None, None], persistent=False)

    def kernel(self, x: Tensor) -> Tensor:
        """The weight of a convolution with one group for each channel of x."""
        return self.taps.to(x.dtype).expand(x.shape[1], -1, -1, -1)


class Blur(Filter):
    """Blur by the filter [1, 3, 3, 1] / 8 along both sides (Zhang 2019, arXiv:1904.11486).

    `(N, C, H, W)` to `(N, C, H + 2 padding - 3, W + 2 padding - 3)`.

    Args:
        gain: factor of the result; 4 makes up for the zeros of a convolution that doubles.
        padding: rows and columns of zeros beyond each border.
    """

    def __init__(self, *, gain: float = 1.0, padding: int = 1) -> None:
        super().__init__(gain)
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return F.conv2d(x, self.kernel(x), padding=self.padding, groups=x.shape[1])


class Downsample(Filter):
    """Halve the sides by the filter of `Blur`: `(N, C, H, W)` to `(N, C, H // 2, W // 2)`."""

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return F.conv2d(x, self.kernel(x), stride=2, padding=1, groups=x.shape[1])


class Upsample(Filter):
    """Double the sides by the filter of `Blur`: `(N, C, H, W)` to `(N, C, 2 H, 2 W)`."""

    def __init__(self) -> None:
        super().__init__(gain=4.0)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        kernel, groups = self.kernel(x), x.shape[1]
        return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=groups)
