"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Berthelot et al. 2017, BEGAN: Boundary Equilibrium Generative Adversarial Networks, "
    "arXiv:1703.10717"
)


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """A generator, and an auto-encoder with the same decoder."""
    yield ganzoo.ArchitectureSpec(
        name="began",
        family="auto-encoding discriminators",
        factory="ganzoo_began.architecture:BEGAN",
        options="ganzoo_began.options:BEGANOptions",
        summary="Convolutional generator, and an auto-encoder with such a decoder; no norm.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The boundary equilibrium loss."""
    yield ganzoo.LossSpec(
        name="began",
        family="auto-encoding discriminators",
        factory="ganzoo_began.loss:Equilibrium",
        options="ganzoo_began.options:EquilibriumOptions",
        summary="Holds the reconstruction errors of fakes and reals in a ratio.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="began",
        file="ganzoo_began:recipes/began.toml",
        summary="BEGAN.",
        reference=PAPER,
    )
    yield ganzoo.RecipeSpec(
        name="began-quick",
        file="ganzoo_began:recipes/began-quick.toml",
        summary="A small BEGAN on Fashion-MNIST for a quick first run.",
        reference=PAPER,
    )
