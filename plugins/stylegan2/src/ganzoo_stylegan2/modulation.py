"""Modulated convolution: a style scales the input channels of the weights, image by image.

With s_i the style of input channel i, the weights of an image are (equations 1 and 3 of
arXiv:1912.04958)

    w'_ijk = s_i w_ijk,    w''_ijk = w'_ijk / sqrt(sum_ik w'_ijk^2 + eps),

j the output channel, k the place in the kernel. A convolution is linear, so the activations can be
scaled instead: by s before a convolution with the weights that all images share, and by the
demodulation after it. That is far faster than a convolution with a group for each image.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo_stylegan2.layers import EqualizedLinear


class ModulatedConv2d(nn.Module):
    """A convolution whose weights are modulated by w, and demodulated.

    Args:
        inputs: channels.
        outputs: channels.
        kernel: side of the kernel, odd; 3 if it upsamples.
        style_dim: length of w.
        demodulate: divide the weights of each output channel by their norm.
        upsample: double the sides: a transposed convolution with stride 2, then a blur.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        style_dim: int,
        *,
        demodulate: bool = True,
        upsample: bool = False,
    ) -> None:
        super().__init__()
        self.style = EqualizedLinear(style_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale = 1 / math.sqrt(inputs * kernel * kernel)
        self.demodulate = demodulate
        self.blur = ganzoo.nn.Blur(gain=4.0) if upsample else None

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`(N, inputs, H, W)` and w `(N, style_dim)` to `(N, outputs, H', W')`."""
        # Modulate.
        style, weight = self.style(w), self.weight * self.scale
        x = x * style.to(x.dtype)[..., None, None]

        # Convolve.
        if self.blur is None:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        else:
            x = self.blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))

        # Demodulate.
        if self.demodulate:
            x = x * demodulation(weight, style).to(x.dtype)[..., None, None]
        return x


def demodulation(weight: Tensor, style: Tensor) -> Tensor:
    """1 / sqrt(sum_ik (s_i w_ijk)^2 + 1e-8) of each image and output channel `(N, outputs)`.

    Args:
        weight: `(outputs, inputs, k, k)`.
        style: `(N, inputs)`.
    """
    device = "cpu" if style.is_meta else style.device.type  # `meta` has no autocast
    with torch.autocast(device, enabled=False):
        weight, style = (t.to(torch.promote_types(t.dtype, torch.float32)) for t in (weight, style))
        squares = style.square() @ weight.square().sum((2, 3)).T
        return (squares + 1e-8).rsqrt()
