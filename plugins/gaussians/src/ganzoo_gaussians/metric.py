"""Mode coverage of a sample of points."""

from __future__ import annotations

from collections.abc import Mapping

import torch

import ganzoo

WITHIN = 3.0
"""Radius of a mode, in standard deviations."""


class Modes(ganzoo.Metric):
    """Number of modes with at least one point, and share of points near any mode.

    As in VEEGAN (Srivastava et al. 2017, arXiv:1705.07761, section 5.1): a point is near a mode
    within three of its standard deviations. Centres and standard deviations are estimated from the
    classes of the reference.
    """

    scores = (
        ganzoo.Score("modes", "higher", detects=("missing classes",)),
        ganzoo.Score("near-a-mode", "higher", detects=("noise",)),
    )
    needs_labels = True
    blind_to = "the weight of each mode, and the distribution within it"

    def check(self, spec: ganzoo.ImageSpec) -> None:
        """Refuse anything but points."""
        if (spec.height, spec.width) != (1, 1):
            raise ganzoo.Unsupported(f"modes can be counted for points only, not for images {spec}")

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """The number of modes covered, and a share in [0, 1]."""
        assert reference.labels is not None
        points, real = (images.images.flatten(1).double() for images in (sample, reference))
        near = []
        for label in torch.unique(reference.labels):
            mode = real[reference.labels == label]
            centre, spread = mode.mean(0), mode.var(0, correction=0).mean().sqrt()
            # rounding to 8 bits alone has a standard deviation of 0.29
            near.append((points - centre).norm(dim=1) <= WITHIN * spread.clamp_min(1 / 3))
        hits = torch.stack(near)
        return {
            "modes": ganzoo.Measured(float(hits.any(1).sum())),
            "near-a-mode": ganzoo.Measured(hits.any(0).double().mean().item()),
        }
