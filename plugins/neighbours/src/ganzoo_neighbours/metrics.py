"""Nearest-neighbour metrics.

The package that implements density and coverage (`prdc`) has not been maintained since 2020, and
needs scikit-learn for a distance matrix that torch computes.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

import ganzoo
from ganzoo_neighbours.options import NeighbourOptions

ROWS = 2048
"""Rows of the distance matrix that are in memory at once."""

NEXT = 50
"""Next training images that a copy is farther from than from the nearest."""

FACTOR = 0.5
"""Distance of a copy from the nearest training image, relative to that from the next ones."""

LEFT_OUT = 2000
"""Largest number of training images that are left out in turn."""

RARE = 0.05
"""Largest share of real images that counts as copies."""

SAME = 0.01
"""Relative distance below which two images are the same but for rounding."""


class DensityCoverage(ganzoo.Metric):
    """Density and coverage (Naeem et al. 2020, arXiv:2002.09797, section 3.2).

    Each real image has a ball whose radius is the distance to its k-th nearest real neighbour.
    Density is the mean number of balls that contain a generated image, divided by k; it can exceed
    1. Coverage is the share of real images whose ball contains at least one generated image.
    """

    scores = (
        ganzoo.Score("density", "higher", detects=("noise", "mixed halves", "grey")),
        ganzoo.Score(
            "coverage",
            "higher",
            detects=("noise", "collapse", "missing classes", "mixed halves", "grey"),
        ),
    )
    uses = "features"
    blind_to = "copies of training images; density alone does not see collapse onto good images"

    options: NeighbourOptions

    def __init__(self, options: NeighbourOptions | None = None) -> None:
        super().__init__(options or NeighbourOptions())

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """Both at least 0; coverage at most 1.

        Raises:
            UsageError: there are fewer real images than neighbours.
        """
        k = self.options.neighbours
        if len(reference) <= k:
            raise ganzoo.UsageError(
                f"density and coverage use {k} neighbours among {len(reference)} images; try "
                f"a larger {ganzoo.setting('n')}"
            )
        assert sample.features is not None
        assert reference.features is not None
        fake, real = ganzoo.centered(sample.features, reference.features)
        within = torch.zeros(len(fake))
        covered = 0
        for rows in torch.split(real, ROWS):
            # an image is its own nearest neighbour
            radius = torch.cdist(rows, real).kthvalue(k + 1, dim=1).values[:, None]
            inside = torch.cdist(rows, fake) <= radius
            within += inside.sum(0)
            covered += int(inside.any(1).sum())
        return {
            "density": ganzoo.Measured((within / k).mean().item()),
            "coverage": ganzoo.Measured(covered / len(real)),
        }


class Copying(ganzoo.Metric):
    """Share of generated images that are nearly copies of a training image, in pixel space.

    A copy is at most half as far from the nearest training image as from the next 50 on average
    (Carlini et al. 2023, arXiv:2301.13188, section 5). Copying is what held-out real images do not
    do (Meehan et al. 2020, arXiv:2004.05675), so a copy must stand out from real images, each left
    out of the training images: its ratio is lower than that of 95 % of them, and its distance to
    the nearest training image is below their median. Bad images, such as grey ones whose nearest
    training image is an outlier, are far from all training images and are no copies.

    So a generator that generalizes scores at most about 0.05, and one that memorizes, near 1.
    """

    scores = (
        ganzoo.Score(
            "copies",
            "lower",
            detects=("copies",),
            ignores=("blur", "noise", "collapse", "missing classes", "mixed halves", "grey"),
        ),
    )
    whole_reference = True
    blind_to = "quality; copies that are shifted, mirrored or recoloured"

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """A share in [0, 1].

        Raises:
            UsageError: there are fewer than three training images.
        """
        if len(reference) < 3:
            raise ganzoo.UsageError(
                f"copying needs at least three training images, and there are {len(reference)}"
            )
        images, training = ganzoo.centered(_flat(sample.images), _flat(reference.images))
        rng = torch.Generator().manual_seed(seed)
        left_out = torch.randperm(len(training), generator=rng)[:LEFT_OUT]
        real, real_ratios = _nearest(training[left_out], training, exclude=left_out)
        distances, ratios = _nearest(images, training)

        # An image that is in the training set twice is no measure of copying.
        unique = real_ratios[real_ratios > SAME]
        limit = min(FACTOR, unique.quantile(RARE).item()) if len(unique) else SAME
        copied = (ratios <= SAME) | ((ratios <= limit) & (distances < real.median()))
        return {"copies": ganzoo.Measured(copied.double().mean().item())}


def _flat(images: Tensor) -> Tensor:
    return images.flatten(1).float() / 255


def _nearest(
    images: Tensor, training: Tensor, *, exclude: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Distance to the nearest training image, and its ratio to the mean distance to the next ones.

    Args:
        images: `(N, D)`.
        training: `(M, D)`.
        exclude: for each image, the index of a training image to leave out.
    """
    distances, ratios = [], []
    count = min(1 + NEXT, len(training) - (exclude is not None))
    for start in range(0, len(images), ROWS):
        matrix = torch.cdist(images[start : start + ROWS], training)
        if exclude is not None:
            matrix.scatter_(1, exclude[start : start + ROWS, None], float("inf"))
        nearest = matrix.topk(count, dim=1, largest=False).values
        distances.append(nearest[:, 0])
        ratios.append(nearest[:, 0] / nearest[:, 1:].mean(1).clamp_min(1e-6))
    return torch.cat(distances), torch.cat(ratios)
