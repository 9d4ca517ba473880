"""How many of the modes a sample of points has."""

from __future__ import annotations

from collections.abc import Mapping

import torch

import ganzoo

WITHIN = 3.0
"""Standard deviations from its centre, within which a point belongs to a mode."""


class Modes(ganzoo.Metric):
    """Modes with at least one point near, and the share of points near any.

    As for VEEGAN (Srivastava et al. 2017, arXiv:1705.07761, section 5.1): a point is near a mode
    within three of its standard deviations. Centres and deviations are those of the reference's
    classes.
    """

    scores = (
        ganzoo.Score("modes", "higher", detects=("missing classes",)),
        ganzoo.Score("near-a-mode", "higher", detects=("noise",)),
    )
    needs_labels = True
    blind_to = "how often each mode is made, and where within it"

    def __init__(self, options: ganzoo.NoOptions | None = None) -> None:
        """There is nothing to choose."""

    def check(self, spec: ganzoo.ImageSpec) -> None:
        """Points only."""
        if (spec.height, spec.width) != (1, 1):
            raise ganzoo.Unsupported(f"modes are counted of points, not of pictures {spec}")

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """A number of modes, and a share in [0, 1]."""
        assert reference.labels is not None
        points, real = (images.images.flatten(1).double() for images in (sample, reference))
        near = []
        for label in torch.unique(reference.labels):
            mode = real[reference.labels == label]
            centre, spread = mode.mean(0), mode.var(0, correction=0).mean().sqrt()
            # points are kept as 8 bits, and so at least a third of a step apart from themselves
            near.append((points - centre).norm(dim=1) <= WITHIN * spread.clamp_min(1 / 3))
        found = torch.stack(near)
        return {
            "modes": ganzoo.Measured(float(found.any(1).sum())),
            "near-a-mode": ganzoo.Measured(found.any(0).double().mean().item()),
        }
