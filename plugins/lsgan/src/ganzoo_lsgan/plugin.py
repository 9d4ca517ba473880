"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The least-squares loss."""
    yield ganzoo.LossSpec(
        name="lsgan",
        family="cross-entropy, hinge, least squares",
        factory="ganzoo_lsgan.loss:LeastSquares",
        options="ganzoo_lsgan.options:LeastSquaresOptions",
        summary="Least-squares loss: scores are regressed to fixed targets.",
        reference="Mao et al. 2017, Least Squares GANs, arXiv:1611.04076",
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="lsgan",
        file="ganzoo_lsgan:recipes/lsgan.toml",
        summary="LSGAN on DCGAN's networks.",
        reference="Mao et al. 2017, Least Squares GANs, arXiv:1611.04076",
    )
