"""The decoders that rebuild images from the discriminator's maps."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo_fastgan.layers import Norm, double
from ganzoo_fastgan.options import FastGANOptions

CHANNELS = {16: 2, 32: 1, 64: 1, 128: 1 / 2}
"""Channels of the map of each side, in multiples of `base_channels`."""


class Decoders(nn.Module):
    """What three decoders rebuild, minus what they should rebuild.

    They rebuild the image from its map of 8x8, the smaller image from its own map of 8x8, and a
    random quadrant of the image from the quadrant of its map of 16x16. So the maps have to
    describe the whole image and its details.

    Args:
        options: of the architecture.
        inputs: channels of the three maps.
        channels: of the images.
        side: of what is rebuilt.
        norm: of the layers.
    """

    def __init__(
        self,
        options: FastGANOptions,
        inputs: tuple[int, int, int],
        channels: int,
        side: int,
        norm: Norm,
    ) -> None:
        super().__init__()
        self.side = side
        self.whole, self.small, self.part = (
            _decoder(options, count, channels, side, norm) for count in inputs
        )

    def forward(
        self, images: Tensor, small: Tensor, whole_map: Tensor, small_map: Tensor, fine_map: Tensor
    ) -> Tensor:
        """Differences `(N, 3, C, side, side)`.

        Args:
            images: `(N, C, H, W)`.
            small: the same, of the side that is rebuilt.
            whole_map: `(N, …, 8, 8)` of the images.
            small_map: `(N, …, 8, 8)` of the smaller images.
            fine_map: `(N, …, 16, 16)` of the images.
        """
        choice = torch.randint(4, (len(images),), device=images.device)
        part = F.adaptive_avg_pool2d(quadrant(images, choice), self.side)
        differences = (
            self.whole(whole_map) - small,
            self.small(small_map) - small,
            self.part(quadrant(fine_map, choice)) - part,
        )
        return torch.stack(differences, 1)


def quadrant(x: Tensor, choice: Tensor) -> Tensor:
    """A quadrant of each map: 0 and 1 above, 2 and 3 below.

    Args:
        x: `(N, C, H, W)`.
        choice: `(N,)` of 0 to 3.
    """
    n, channels, height, width = x.shape
    quarters = x.reshape(n, channels, 2, height // 2, 2, width // 2).permute(0, 2, 4, 1, 3, 5)
    return quarters.flatten(1, 2)[torch.arange(n, device=x.device), choice]


def _decoder(
    options: FastGANOptions, inputs: int, channels: int, side: int, norm: Norm
) -> nn.Sequential:
    """From 8x8 pixels to images in [-1, 1]."""
    layers: list[nn.Module] = []
    for at, factor in CHANNELS.items():
        if at <= side:
            width = max(1, int(options.base_channels * factor))
            layers += double(inputs, width, norm)
            inputs = width
    return nn.Sequential(*layers, nn.Conv2d(inputs, channels, 3, padding=1, bias=False), nn.Tanh())
