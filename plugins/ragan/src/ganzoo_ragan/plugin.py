"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Jolicoeur-Martineau 2019, The relativistic discriminator: a key element missing from standard "
    "GAN, arXiv:1807.00734"
)


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The relativistic average loss."""
    yield ganzoo.LossSpec(
        name="relativistic-average",
        family="relativistic",
        factory="ganzoo_ragan.loss:RelativisticAverage",
        options="ganzoo_ragan.options:RelativisticAverageOptions",
        summary="Scores relative to the other side's mean: RaSGAN, RaHingeGAN, RaLSGAN.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="ragan",
        file="ganzoo_ragan:recipes/ragan.toml",
        summary="RaSGAN on DCGAN's networks.",
        reference=PAPER,
    )
