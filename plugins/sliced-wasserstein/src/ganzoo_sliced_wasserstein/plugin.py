"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_metrics() -> Iterator[ganzoo.MetricSpec]:
    """The sliced Wasserstein distance."""
    yield ganzoo.MetricSpec(
        name="sliced-wasserstein",
        factory="ganzoo_sliced_wasserstein.metric:SlicedWasserstein",
        options="ganzoo_sliced_wasserstein.options:SlicedWassersteinOptions",
        summary="Sliced Wasserstein distance between pixels; needs no feature network.",
        reference="Bonneel et al. 2015, Sliced and Radon Wasserstein Barycenters of Measures, "
        "doi:10.1007/s10851-014-0506-3",
        starter=True,
    )
