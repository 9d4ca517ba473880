"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
    """Mixtures of Gaussians."""
    yield ganzoo.DatasetSpec(
        name="gaussians",
        factory="ganzoo_gaussians.dataset:Gaussians",
        options="ganzoo_gaussians.options:GaussiansOptions",
        summary="Points around the modes of a ring or a grid, to count which ones a GAN finds.",
        reference="Srivastava et al. 2017, VEEGAN, arXiv:1705.07761, section 4.1",
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="gaussians-quick",
        file="ganzoo_gaussians:recipes/gaussians-quick.toml",
        summary="A grid of 25 modes, found within minutes on a CPU.",
    )


@ganzoo.hookimpl
def ganzoo_metrics() -> Iterator[ganzoo.MetricSpec]:
    """How many of the modes a sample has."""
    yield ganzoo.MetricSpec(
        name="modes",
        factory="ganzoo_gaussians.metric:Modes",
        summary="How many of the modes of a set of points the sample has.",
        reference="https://arxiv.org/abs/1705.07761",
        starter=True,
    )
