"""The sliced Wasserstein distance (Bonneel et al. 2015)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import ganzoo
from ganzoo_sliced_wasserstein.options import SlicedWassersteinOptions


class SlicedWasserstein(ganzoo.Metric):
    """Root mean square of 1D 2-Wasserstein distances between random projections of the pixels.

    Pixels are in [-1, 1]. The score and its floor use the same projections.
    """

    scores = (
        ganzoo.Score("SWD", "lower", detects=("noise", "collapse", "missing classes", "grey")),
    )
    blind_to = "fine detail: blur and seams hardly change a projection of all pixels"

    options: SlicedWassersteinOptions

    def __init__(self, options: SlicedWassersteinOptions | None = None) -> None:
        super().__init__(options or SlicedWassersteinOptions())
        with ganzoo.importing("the metric 'sliced-wasserstein'", "gan-zoo[evaluation]"):
            self._ot = importlib.import_module("ot")

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """The distance, at least 0."""
        pixels = [
            ganzoo.from_uint8(images.images).flatten(1).double().numpy()
            for images in (sample, reference)
        ]
        distance = self._ot.sliced_wasserstein_distance(
            *pixels, n_projections=self.options.projections, seed=seed
        )
        return {"SWD": ganzoo.Measured(float(distance))}
