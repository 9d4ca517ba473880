"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = "Miyato et al. 2018, Spectral Normalization for GANs, arXiv:1802.05957"


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """SNDCGAN."""
    yield ganzoo.ArchitectureSpec(
        name="sndcgan",
        family="multilayer and plain convolutions",
        factory="ganzoo_sndcgan.architecture:SNDCGAN",
        options="ganzoo_sndcgan.options:SNDCGANOptions",
        summary="SNGAN's plain convolutional networks for 16 to 128 pixels; can be "
        "class-conditional.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="sndcgan",
        file="ganzoo_sndcgan:recipes/sndcgan.toml",
        summary="SNDCGAN at 32 pixels (CIFAR-10); slow without a GPU.",
        reference=PAPER,
    )
    yield ganzoo.RecipeSpec(
        name="sndcgan-quick",
        file="ganzoo_sndcgan:recipes/sndcgan-quick.toml",
        summary="A small SNDCGAN on Fashion-MNIST; trains in minutes on two CPU cores.",
    )
