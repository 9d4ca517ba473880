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
        summary="2D Gaussian mixture on a ring or a grid, to measure mode collapse.",
        reference="Srivastava et al. 2017, VEEGAN, arXiv:1705.07761, section 4.1",
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="gaussians-quick",
        file="ganzoo_gaussians:recipes/gaussians-quick.toml",
        summary="WGAN-GP on a grid of 25 Gaussians; trains in minutes on a CPU.",
    )


@ganzoo.hookimpl
def ganzoo_metrics() -> Iterator[ganzoo.MetricSpec]:
    """Mode coverage."""
    yield ganzoo.MetricSpec(
        name="modes",
        factory="ganzoo_gaussians.metric:Modes",
        summary="Number of modes covered, and share of points near a mode; for 2D points.",
        reference="Srivastava et al. 2017, VEEGAN, arXiv:1705.07761, section 5.1",
        starter=True,
    )
