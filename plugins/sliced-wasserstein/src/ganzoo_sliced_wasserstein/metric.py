"""The sliced Wasserstein distance (Bonneel et al. 2015)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import ganzoo
from ganzoo_sliced_wasserstein.options import SlicedWassersteinOptions


class SlicedWasserstein(ganzoo.Metric):
    """The 2-Wasserstein distance of pixels in [-1, 1] along random directions, root mean square.

    Directions are the same for the sample and its floor.
    """

    scores = (ganzoo.Score("SWD", "lower", detects=("noise", "collapse", "missing classes")),)
    blind_to = "fine detail: blur and seams hardly move a projection of all pixels"

    def __init__(self, options: SlicedWassersteinOptions | None = None) -> None:
        self.options = options or SlicedWassersteinOptions()
        try:
            self._ot = importlib.import_module("ot")
        except ImportError as error:
            raise ganzoo.UsageError(
                "the metric 'sliced-wasserstein' needs the package POT, which is not installed "
                f'({error}); try `pip install "gan-zoo[evaluation]"`'
            ) from None

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """One number, at least 0."""
        pixels = [
            images.images.flatten(1).double().div(127.5).sub(1).numpy()
            for images in (sample, reference)
        ]
        found = self._ot.sliced_wasserstein_distance(
            *pixels, n_projections=self.options.projections, seed=seed
        )
        return {"SWD": ganzoo.Measured(float(found))}
