"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_metrics() -> Iterator[ganzoo.MetricSpec]:
    """Density and coverage among features, copying among pixels."""
    yield ganzoo.MetricSpec(
        name="density-coverage",
        factory="ganzoo_neighbours.metrics:DensityCoverage",
        options="ganzoo_neighbours.options:NeighbourOptions",
        summary="How deep the sample lies among the real, and how much it reaches.",
        reference="https://arxiv.org/abs/2002.09797",
        starter=True,
    )
    yield ganzoo.MetricSpec(
        name="copying",
        factory="ganzoo_neighbours.metrics:Copying",
        summary="How many images are near copies of training images.",
        reference="https://arxiv.org/abs/2102.08921",
        starter=True,
    )
