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
        reference="Carlini et al. 2023, Extracting Training Data from Diffusion Models, "
        "arXiv:2301.13188, and Meehan et al. 2020, A Non-Parametric Test to Detect Data-Copying "
        "in Generative Models, arXiv:2004.05675",
        starter=True,
    )
