"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """The DRAGAN penalty."""
    yield ganzoo.PenaltySpec(
        name="dragan",
        family="gradients of the discriminator",
        factory="ganzoo_dragan.penalty:Dragan",
        options="ganzoo_dragan.options:DraganOptions",
        summary="Pulls the critic's gradient norm around real images to 1.",
        reference="Kodali et al. 2017, On Convergence and Stability of GANs, arXiv:1705.07215",
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="dragan",
        file="ganzoo_dragan:recipes/dragan.toml",
        summary="The non-saturating loss with the DRAGAN penalty, on DCGAN's networks.",
        reference="Kodali et al. 2017, On Convergence and Stability of GANs, arXiv:1705.07215",
    )
