"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_metrics() -> Iterator[ganzoo.MetricSpec]:
    """Density and coverage of features, copying in pixel space."""
    yield ganzoo.MetricSpec(
        name="density-coverage",
        factory="ganzoo_neighbours.metrics:DensityCoverage",
        options="ganzoo_neighbours.options:NeighbourOptions",
        summary="Density (fidelity) and coverage (diversity) by nearest neighbours of features.",
        reference="Naeem et al. 2020, Reliable Fidelity and Diversity Metrics, arXiv:2002.09797",
        starter=True,
    )
    yield ganzoo.MetricSpec(
        name="copying",
        factory="ganzoo_neighbours.metrics:Copying",
        summary="Share of images that are near copies of training images (memorization).",
        reference="Alaa et al. 2022, How Faithful is your Synthetic Data?, arXiv:2102.08921",
        starter=True,
    )
