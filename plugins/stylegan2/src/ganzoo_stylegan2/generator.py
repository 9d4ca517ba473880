"""The generator with skip connections: a constant, modulated convolutions, RGB of each resolution.

Karras et al. 2020, arXiv:1912.04958, section 2.2 and figure 7; its images are linear, and clamped
to [-1, 1] in evaluation alone.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_stylegan2.layers import activate
from ganzoo_stylegan2.mapping import StyleMapping
from ganzoo_stylegan2.modulation import ModulatedConv2d


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels to images `(N, C, H, W)`: mapping, then synthesis."""

    def __init__(self, mapping: StyleMapping, synthesis: Synthesis) -> None:
        super().__init__()
        self.mapping = mapping
        self.synthesis = synthesis

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        images: Tensor = self.synthesis(self.mapping(z, labels))
        return images


class Synthesis(nn.Module):
    """w `(N, L, style_dim)` to images `(N, C, H, W)`, L = 2 len(widths).

    Args:
        widths: channels of the feature maps, coarse to fine; each map has twice the sides of the
            one before.
        seed_map: height and width of the first.
        channels: of the images.
        style_dim: length of w.
    """

    def __init__(
        self, widths: list[int], seed_map: tuple[int, int], channels: int, style_dim: int
    ) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.randn(widths[0], *seed_map))
        height, width = seed_map
        self.first = StyledConv(widths[0], widths[0], seed_map, style_dim)
        self.first_rgb = ToRGB(widths[0], channels, style_dim)
        self.blocks = nn.ModuleList(
            Block(wide, narrow, (height << k, width << k), channels, style_dim)
            for k, (wide, narrow) in enumerate(pairwise(widths), start=1)
        )

    def forward(self, w: Tensor) -> Tensor:
        """See the class. ToRGB shares its style with the next block's first convolution."""
        styles = w.unbind(1)
        x = self.constant.expand(len(w), -1, -1, -1)
        x = self.first(x, styles[0])
        images: Tensor = self.first_rgb(x, styles[1])
        for k, block in enumerate(self.blocks):
            x, images = block(x, images, *styles[2 * k + 1 : 2 * k + 4])
        images = images.to(torch.promote_types(images.dtype, self.constant.dtype))
        return images if self.training else images.clamp(-1, 1)


class Block(nn.Module):
    """Doubles the sides of a feature map, and adds its RGB to the images so far."""

    def __init__(
        self, inputs: int, outputs: int, size: tuple[int, int], channels: int, style_dim: int
    ) -> None:
        super().__init__()
        self.conv0 = StyledConv(inputs, outputs, size, style_dim, upsample=True)
        self.conv1 = StyledConv(outputs, outputs, size, style_dim)
        self.to_rgb = ToRGB(outputs, channels, style_dim)
        self.upsample = ganzoo.nn.Upsample()

    def forward(
        self, x: Tensor, images: Tensor, first: Tensor, second: Tensor, third: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Feature map and images, each of twice the size, by the styles of the three layers."""
        x = self.conv1(self.conv0(x, first), second)
        rgb = self.to_rgb(x, third)
        return x, self.upsample(images).to(rgb.dtype) + rgb


class StyledConv(nn.Module):
    """A modulated 3x3 convolution, noise, bias, leaky ReLU.

    The noise is drawn for each image in training; in evaluation it is a buffer, so that images
    depend on z alone.

    Args:
        inputs: channels.
        outputs: channels.
        size: height and width of the result.
        style_dim: length of w.
        upsample: double the sides.
    """

    noise: Tensor
    """Of evaluation, `(1, H, W)`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: tuple[int, int],
        style_dim: int,
        *,
        upsample: bool = False,
    ) -> None:
        super().__init__()
        self.conv = ModulatedConv2d(inputs, outputs, 3, style_dim, upsample=upsample)
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(1, *size))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`(N, inputs, H, W)` and w `(N, style_dim)` to `(N, outputs, H', W')`."""
        x = self.conv(x, w)
        noise = torch.randn_like(x[:, :1]) if self.training else self.noise
        x = x + (noise * self.noise_strength).to(x.dtype) + self.bias.to(x.dtype)[:, None, None]
        return activate(x)


class ToRGB(nn.Module):
    """A modulated 1x1 convolution without demodulation, and a bias: an image of a feature map."""

    def __init__(self, inputs: int, channels: int, style_dim: int) -> None:
        super().__init__()
        self.conv = ModulatedConv2d(inputs, channels, 1, style_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`(N, inputs, H, W)` and w `(N, style_dim)` to `(N, channels, H, W)`."""
        rgb: Tensor = self.conv(x, w) + self.bias[:, None, None]
        return rgb
