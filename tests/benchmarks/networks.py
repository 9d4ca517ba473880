"""Networks as the best-known scripts have them, as a plugin that is not installed anywhere.

Their layers, their order and their sizes; what differs is that scores are raw, as ganzoo's losses
take them (the script's side puts its sigmoid behind), and that z is flat.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from torch import nn

import ganzoo


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """One for each script."""
    yield ganzoo.ArchitectureSpec(
        name="examples-dcgan",
        factory="networks:ExamplesDCGAN",
        summary="The networks of pytorch/examples' dcgan/main.py, with its sizes.",
    )
    yield ganzoo.ArchitectureSpec(
        name="gan-py",
        factory="networks:GanPy",
        summary="The networks of PyTorch-GAN's gan.py, with its sizes.",
    )


class ExamplesDCGAN(ganzoo.Architecture):
    """64 pixels, nz = 100, ngf = ndf = 64."""

    latent = ganzoo.NormalLatent(100)

    def __init__(self, options: ganzoo.Options) -> None:
        """There are none."""

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """As `main.py` does, `weights_init` included."""
        if image.shape[1:] != (64, 64):
            raise ganzoo.Unsupported("examples-dcgan is for 64x64 pixels; try --size 64")
        up: list[nn.Module] = [nn.Unflatten(1, (100, 1, 1))]
        for k, (wide, narrow) in enumerate(pairwise([100, 512, 256, 128, 64])):
            first = (1, 0) if k == 0 else (2, 1)
            up += [nn.ConvTranspose2d(wide, narrow, 4, *first, bias=False)]
            up += [nn.BatchNorm2d(narrow), nn.ReLU(inplace=True)]
        up += [nn.ConvTranspose2d(64, image.channels, 4, 2, 1, bias=False), nn.Tanh()]
        down: list[nn.Module] = [nn.Conv2d(image.channels, 64, 4, 2, 1, bias=False)]
        down += [nn.LeakyReLU(0.2, inplace=True)]
        for narrow, wide in pairwise([64, 128, 256, 512]):
            down += [nn.Conv2d(narrow, wide, 4, 2, 1, bias=False)]
            down += [nn.BatchNorm2d(wide), nn.LeakyReLU(0.2, inplace=True)]
        down += [nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Flatten(0)]
        return ganzoo.Networks(
            nn.Sequential(*up).apply(_initialize), nn.Sequential(*down).apply(_initialize)
        )


class GanPy(ganzoo.Architecture):
    """Perceptrons for any size, latent_dim = 100."""

    latent = ganzoo.NormalLatent(100)

    def __init__(self, options: ganzoo.Options) -> None:
        """There are none."""

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """As `gan.py` does, its second argument of `BatchNorm1d` (an epsilon of 0.8) included."""
        pixels = math.prod(image.shape)
        up: list[nn.Module] = [nn.Linear(100, 128), nn.LeakyReLU(0.2, inplace=True)]
        for narrow, wide in pairwise([128, 256, 512, 1024]):
            up += [nn.Linear(narrow, wide), nn.BatchNorm1d(wide, 0.8)]
            up += [nn.LeakyReLU(0.2, inplace=True)]
        up += [nn.Linear(1024, pixels), nn.Tanh(), nn.Unflatten(1, image.shape)]
        down: list[nn.Module] = [nn.Flatten()]
        for wide, narrow in pairwise([pixels, 512, 256]):
            down += [nn.Linear(wide, narrow), nn.LeakyReLU(0.2, inplace=True)]
        down += [nn.Linear(256, 1), nn.Flatten(0)]
        return ganzoo.Networks(nn.Sequential(*up), nn.Sequential(*down))


def _initialize(layer: nn.Module) -> None:
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)
