"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = "Sauer et al. 2021, Projected GANs Converge Faster, arXiv:2111.01007"


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """Discriminators on randomly mixed features of a frozen network."""
    yield ganzoo.ArchitectureSpec(
        name="projected",
        family="pretrained discriminators",
        factory="ganzoo_projected.architecture:Projected",
        options="ganzoo_projected.options:ProjectedOptions",
        summary="Projected GAN: discriminators on a frozen pretrained network; any generator.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="projected",
        file="ganzoo_projected:recipes/projected.toml",
        summary="Projected GAN with FastGAN's generator at 256 pixels; slow without a GPU.",
        reference=PAPER,
    )
    yield ganzoo.RecipeSpec(
        name="projected-quick",
        file="ganzoo_projected:recipes/projected-quick.toml",
        summary="Projected GAN on Fashion-MNIST; trains in minutes on two CPU cores.",
        reference=PAPER,
    )
