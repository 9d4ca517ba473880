"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = "Kavalerov et al. 2019, cGANs with Multi-Hinge Loss, arXiv:1912.04216"


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The multi-hinge loss."""
    yield ganzoo.LossSpec(
        name="multi-hinge",
        family="class-conditional",
        factory="ganzoo_multi_hinge.loss:MultiHinge",
        options="ganzoo_multi_hinge.options:MultiHingeOptions",
        summary="Hinge loss over the classes and a class of fakes (MHGAN); needs labels.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="mhgan",
        file="ganzoo_multi_hinge:recipes/mhgan.toml",
        summary="MHGAN on BigGAN's networks, for CIFAR-10.",
        reference=PAPER,
    )
