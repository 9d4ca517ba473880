"""U-Net and PatchGAN (Isola et al. 2017, arXiv:1611.07004, appendix 6.1).

All convolutions are 4x4. The generator halves the picture until no halving is left, at most eight
times, and doubles it as often; each map upwards is joined with the one of its size downwards. The
discriminator scores overlapping patches of the condition and the image together, whose side
follows from the number of its strided layers. Weights are from N(0, 0.02).

There is no z: noise enters by dropout, in training alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_pix2pix.options import Pix2PixOptions

MULTIPLE = 32
"""Sides are multiples of it: five halvings, as the paper's table goes on with 512 channels."""

HALVINGS = 8
"""Halvings of the generator, at most."""

STRIDED = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}
"""Strided layers of the discriminator, by the side of its patches."""


class Pix2Pix(ganzoo.Architecture):
    """Translates the picture that an image is conditioned on into the image."""

    options: Pix2PixOptions
    conditions: ClassVar = frozenset({"picture"})

    def __init__(self, options: Pix2PixOptions | None = None) -> None:
        super().__init__(options or Pix2PixOptions())

    @property
    def latent(self) -> ganzoo.Latent:
        """One number that the generator does not use."""
        return ganzoo.NormalLatent(1)

    def settings(self) -> ganzoo.Settings:
        """Section 3.3 of the paper."""
        return {
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "betas": (0.5, 0.999),
        }

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest multiples of 32."""
        return (_nearest(height), _nearest(width))

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for an image whose sides are multiples of 32."""
        # Condition.
        if not isinstance(image.condition, ganzoo.Picture) or not demands.labels:
            raise ganzoo.Unsupported(
                "pix2pix translates pictures: it needs a dataset of pairs, and "
                f"{ganzoo.setting('conditional', True)}"
            )

        # Sizes.
        if image.height % MULTIPLE or image.width % MULTIPLE:
            near = self.natural_size(image.height, image.width)
            raise ganzoo.Unsupported(
                f"pix2pix builds images whose sides are multiples of {MULTIPLE} pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', near)}"
            )
        patch, side = self.options.patch, min(image.height, image.width)
        possible = [p for p, strided in STRIDED.items() if side >> strided >= 3]
        if patch not in possible:
            raise ganzoo.Unsupported(
                f"images of {image.height}x{image.width} are too small for patches of {patch} "
                f"pixels; arch.patch is at most {max(possible)} here"
            )
        common = math.gcd(image.height, image.width)
        halvings = min(HALVINGS, (common & -common).bit_length() - 1)

        # Networks.
        base, norm = self.options.base_channels, self.options.norm
        given, made = image.condition.channels, image.channels
        generator = UNet(given, made, base, halvings, norm, self.options.dropout)
        norm = "instance" if demands.forbids_batch_statistics else norm
        discriminator = PatchGAN(given + made, base, STRIDED[patch], norm, demands.outputs)
        return ganzoo.Networks(generator.apply(initialize), discriminator.apply(initialize))


class UNet(nn.Module):
    """Pictures `(N, C', H, W)` to images `(N, C, H, W)` in [-1, 1].

    Args:
        inputs: channels of the pictures.
        outputs: channels of the images.
        base: channels after the first layer.
        halvings: layers downwards, and upwards.
        norm: `"batch"` or `"instance"`.
        dropout: probability in the three deepest layers upwards.
    """

    def __init__(
        self, inputs: int, outputs: int, base: int, halvings: int, norm: str, dropout: float
    ) -> None:
        super().__init__()
        widths = [base * min(2**k, 8) for k in range(halvings)]

        # Downwards: no norm in the first layer, nor in the last, whose map may be a single pixel.
        down: list[nn.Module] = [nn.Conv2d(inputs, widths[0], 4, stride=2, padding=1)]
        for k, (narrow, wide) in enumerate(pairwise(widths), start=2):
            layers = [nn.LeakyReLU(0.2), nn.Conv2d(narrow, wide, 4, 2, 1, bias=k == halvings)]
            layers += [_norm(norm, wide)] if k < halvings else []
            down.append(nn.Sequential(*layers))
        self.down = nn.ModuleList(down)

        # Upwards: the input of each layer but the deepest is joined with the map of its size.
        up: list[nn.Module] = []
        for k in range(halvings - 1, 0, -1):
            joined = widths[k] if k == halvings - 1 else 2 * widths[k]
            layers = [nn.ReLU(), nn.ConvTranspose2d(joined, widths[k - 1], 4, 2, 1, bias=False)]
            layers += [_norm(norm, widths[k - 1])]
            layers += [nn.Dropout(dropout)] if dropout and k >= halvings - 3 else []
            up.append(nn.Sequential(*layers))
        self.up = nn.ModuleList(up)
        self.last = nn.Sequential(
            nn.ReLU(), nn.ConvTranspose2d(2 * base, outputs, 4, stride=2, padding=1), nn.Tanh()
        )

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        """Translate the pictures `labels`; z is not used."""
        maps = []
        features = labels
        for layer in self.down:
            features = layer(features)
            maps.append(features)
        features = maps.pop()
        for layer in self.up:
            features = torch.cat([layer(features), maps.pop()], 1)
        images: Tensor = self.last(features)
        return images


class PatchGAN(nn.Module):
    """Images `(N, C, H, W)` with pictures `(N, C', H, W)` to raw scores `(N, 1, h, w)`.

    Args:
        inputs: channels of images and pictures together.
        base: channels after the first layer.
        strided: layers with stride 2; with none, pixels are scored by 1x1 convolutions.
        norm: `"batch"` or `"instance"`.
        outputs: further outputs that are demanded, computed from the mean over all patches.
    """

    def __init__(
        self,
        inputs: int,
        base: int,
        strided: int,
        norm: str,
        outputs: Mapping[str, ganzoo.Output],
    ) -> None:
        super().__init__()
        # Kernels and strides of all layers but the last.
        pixels = not strided
        kernel, padding = (1, 0) if pixels else (4, 1)
        strides = [1, 1] if pixels else [2] * strided + [1]

        # Layers; no norm in the first.
        widths = [base * min(2**k, 8) for k in range(len(strides))]
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, base, kernel, strides[0], padding),
            nn.LeakyReLU(0.2),
        ]
        for stride, (narrow, wide) in zip(strides[1:], pairwise(widths), strict=True):
            layers += [
                nn.Conv2d(narrow, wide, kernel, stride, padding, bias=False),
                _norm(norm, wide),
                nn.LeakyReLU(0.2),
            ]
        self.body = nn.Sequential(*layers)
        self.score = nn.Conv2d(widths[-1], 1, kernel, 1, padding)
        self.outputs = ganzoo.nn.OutputHeads(widths[-1], outputs, 0)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor | dict[str, Tensor]:
        """See the class."""
        features = self.body(torch.cat([labels, images], 1))
        scores: Tensor = self.score(features)
        outputs = self.outputs(features.mean((2, 3)))
        return {"scores": scores, **outputs} if outputs else scores


def initialize(layer: nn.Module) -> None:
    """Weights from N(0, 0.02), gains of norm layers from N(1, 0.02), zero biases."""
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, (nn.BatchNorm2d, nn.InstanceNorm2d)):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)


def _norm(kind: str, channels: int) -> nn.Module:
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    return nn.InstanceNorm2d(channels, affine=True)


def _nearest(side: int) -> int:
    return max(1, round(side / MULTIPLE)) * MULTIPLE
