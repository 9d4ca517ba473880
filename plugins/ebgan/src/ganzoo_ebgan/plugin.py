"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = "Zhao et al. 2017, Energy-based Generative Adversarial Network, arXiv:1609.03126"


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """A discriminator that is an auto-encoder."""
    yield ganzoo.ArchitectureSpec(
        name="ebgan",
        family="auto-encoding discriminators",
        factory="ganzoo_ebgan.architecture:EBGAN",
        options="ganzoo_ebgan.options:EBGANOptions",
        summary="Convolutional generator, and an auto-encoder whose error is the energy.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The loss on energies."""
    yield ganzoo.LossSpec(
        name="ebgan",
        family="auto-encoding discriminators",
        factory="ganzoo_ebgan.loss:EnergyBased",
        options="ganzoo_ebgan.options:EnergyOptions",
        summary="Low energy for real images, a margin for fakes; for an auto-encoder.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """The pulling-away term."""
    yield ganzoo.PenaltySpec(
        name="pulling-away",
        family="the generator's",
        factory="ganzoo_ebgan.penalty:PullingAway",
        options="ganzoo_ebgan.options:PullingAwayOptions",
        summary="The generator's images must have features in different directions.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="ebgan",
        file="ganzoo_ebgan:recipes/ebgan.toml",
        summary="EBGAN with the pulling-away term.",
        reference=PAPER,
    )
    yield ganzoo.RecipeSpec(
        name="ebgan-quick",
        file="ganzoo_ebgan:recipes/ebgan-quick.toml",
        summary="A small EBGAN on Fashion-MNIST for a quick first run.",
        reference=PAPER,
    )
