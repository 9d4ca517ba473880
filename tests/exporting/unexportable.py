"""A plugin whose generators are no graphs, each in its own way."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

import ganzoo


class Generator(nn.Module):
    """A linear map to 8 x 8 pixels, which `paint` may spoil."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.linear = nn.Linear(4, 3 * 64)
        self.calls = itertools.count()

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.linear(z)
        if self.kind == "branching" and float(z.sum()) > 0:
            x = -x
        if self.kind == "unknown-to-onnx":
            x = x + torch.special.bessel_j1(x.detach())  # torch 2.14 has no gradient of it
        if self.kind == "remembering" and not torch.compiler.is_compiling():
            x = x + next(self.calls)
        if self.kind == "noisy":
            x = x + torch.randn_like(x)
        return torch.tanh(x).view(-1, 3, 8, 8)


class _Architecture(ganzoo.Architecture):
    kind = ""

    def __init__(self, options: ganzoo.NoOptions | None = None) -> None: ...

    @property
    def latent(self) -> ganzoo.Latent:
        return ganzoo.NormalLatent(4)

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        critic = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 1), nn.Flatten(0))
        return ganzoo.Networks(Generator(self.kind), critic)


class Branching(_Architecture):
    kind = "branching"


class UnknownToOnnx(_Architecture):
    kind = "unknown-to-onnx"


class Remembering(_Architecture):
    kind = "remembering"


class Noisy(_Architecture):
    kind = "noisy"


@ganzoo.hookimpl
def ganzoo_architectures():
    for made in (Branching, UnknownToOnnx, Remembering, Noisy):
        yield ganzoo.ArchitectureSpec(
            name=made.kind, factory=f"{__name__}:{made.__name__}", summary="Spoiled."
        )
