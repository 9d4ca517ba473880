"""Nocturne: an implicit generator and a residual discriminator, for images of any shape.

The generator is a coordinate network: a residual MLP maps Fourier features of a pixel's position
(Tancik et al. 2020, arXiv:2006.10739) to its colour, and z modulates every block (as in Skorokhodov
et al. 2021, arXiv:2011.12026). It is computed for all pixels at once by 1 x 1 convolutions.

The discriminator is a residual convolutional network without normalization, so no score depends on
another image. Conditional: an embedding of the class, or a linear layer of the vector, appended
to z, and a projection discriminator (Miyato & Koyama 2018, arXiv:1802.05637).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from nocturne_gan.latent import LaplaceLatent
from nocturne_gan.options import NocturneOptions

CONDITION_DIM = 16
"""Length of the condition in the generator's input."""


class Nocturne(ganzoo.Architecture):
    """Networks for any number of channels, rows and columns."""

    options: NocturneOptions
    conditions = frozenset({"none", "classes", "vector"})

    def __init__(self, options: NocturneOptions | None = None) -> None:
        super().__init__(options or NocturneOptions())

    @property
    def latent(self) -> ganzoo.Latent:
        """z with independent Laplace coordinates."""
        return LaplaceLatent(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Its learning rates, and Adam without momentum."""
        return {"generator_lr": 5e-4, "discriminator_lr": 2e-4, "betas": (0.0, 0.99)}

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for any image shape and any demands."""
        return ganzoo.Networks(
            Painter(self.options, image, conditional=demands.labels),
            Watcher(
                self.options.width,
                image,
                conditional=demands.labels and not demands.unconditional_scores,
                outputs=demands.outputs,
                patches=self.options.patches,
            ),
        )


def coded(image: ganzoo.ImageSpec, length: int) -> nn.Module:
    """A layer from the condition of an image, classes `(N,)` or vectors `(N, D)`, to a code."""
    if isinstance(image.condition, ganzoo.Vector):
        return nn.Linear(image.condition.length, length, bias=False)
    return nn.Embedding(image.num_classes, length)


class Painter(nn.Module):
    """z `(N, latent_dim)` and a condition to images `(N, C, H, W)` in [-1, 1]."""

    places: Tensor

    def __init__(
        self, options: NocturneOptions, image: ganzoo.ImageSpec, *, conditional: bool
    ) -> None:
        super().__init__()
        places = waves(image.height, image.width, options.frequencies)
        self.register_buffer("places", places, persistent=False)
        self.embed = coded(image, CONDITION_DIM) if conditional else None
        inputs = options.latent_dim + (CONDITION_DIM if conditional else 0)
        self.read = nn.Linear(inputs, options.width)
        self.enter = nn.Conv2d(places.shape[1], options.width, 1)
        self.blocks = nn.ModuleList(PaintBlock(options.width) for _ in range(options.blocks))
        self.leave = nn.Conv2d(options.width, image.channels, 1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        if self.embed is not None:
            assert labels is not None, "this generator was built to be conditional: give it labels"
            z = torch.cat([z, self.embed(labels)], dim=1)
        style = F.silu(self.read(z))
        features = self.enter(self.places).expand(len(z), -1, -1, -1)
        for block in self.blocks:
            features = block(features, style)
        return torch.tanh(self.leave(features))


class PaintBlock(nn.Module):
    """features + f(features * (1 + gain(z)) + shift(z)), pixel by pixel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.modulate = nn.Linear(width, 2 * width)
        self.first = nn.Conv2d(width, width, 1)
        self.second = nn.Conv2d(width, width, 1)

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """See the class."""
        gain, shift = self.modulate(style)[:, :, None, None].chunk(2, dim=1)
        inner: Tensor = self.first(features * (1 + gain) + shift)
        painted: Tensor = features + self.second(F.silu(inner))
        return painted


class Watcher(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N,)` or `(N, P)`, with the demanded outputs."""

    def __init__(
        self,
        width: int,
        image: ganzoo.ImageSpec,
        *,
        conditional: bool,
        outputs: Mapping[str, ganzoo.Output],
        patches: bool,
    ) -> None:
        super().__init__()
        self.patches = patches
        self.enter = nn.Conv2d(image.channels, width, 3, padding=1)
        halvings = max(1, max(image.height, image.width).bit_length() - 3)  # 32 pixels become 4
        self.blocks = nn.ModuleList(WatchBlock(width) for _ in range(halvings))
        self.score = nn.Linear(width, 1)
        self.project = coded(image, width) if conditional else None
        self.outputs = ganzoo.nn.OutputHeads(width, outputs, image.num_classes)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        features = self.enter(images)
        for block in self.blocks:
            features = block(features)
        places = F.silu(features).flatten(2).transpose(1, 2)  # (N, P, width)
        pooled = places.mean(1)
        judged = places if self.patches else pooled.unsqueeze(1)
        scores: Tensor = self.score(judged).squeeze(2)
        if self.project is not None:
            assert labels is not None, "this discriminator was built to be conditional"
            scores = scores + (self.project(labels).unsqueeze(1) * judged).sum(2)
        if not self.patches:
            scores = scores.squeeze(1)
        outputs = self.outputs(pooled, labels)
        return {"scores": scores, **outputs} if outputs else scores


class WatchBlock(nn.Module):
    """A residual block of two 3 x 3 convolutions, then average pooling (rounded up)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        inner: Tensor = self.second(F.silu(self.first(F.silu(features))))
        return F.avg_pool2d(features + inner, 2, ceil_mode=True)


def waves(height: int, width: int, frequencies: int) -> Tensor:
    """Fourier features of the pixel positions, `(1, 2 + 4 * frequencies, H, W)`.

    Frequencies are geometrically spaced, from half a cycle per image to a quarter per pixel.
    """
    rows = torch.linspace(-1, 1, height) if height > 1 else torch.zeros(1)
    columns = torch.linspace(-1, 1, width) if width > 1 else torch.zeros(1)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    places = torch.stack([x, y])  # (2, H, W)
    highest = max(2.0, max(height, width) / 2)
    rates = torch.logspace(0, math.log2(highest), frequencies, base=2.0) * math.pi / 2
    angles = (rates[:, None, None, None] * places).flatten(0, 1)
    return torch.cat([places, angles.sin(), angles.cos()]).unsqueeze(0)
