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


class DensityCoverage(ganzoo.Metric):
    """Density and coverage (Naeem et al. 2020, arXiv:2002.09797, section 3.2).

    Each real image has a ball whose radius is the distance to its k-th nearest real neighbour.
    Density is the mean number of balls that contain a generated image, divided by k; it can exceed
    1. Coverage is the share of real images whose ball contains at least one generated image.
    """

    scores = (
        ganzoo.Score("density", "higher", detects=("noise", "mixed halves")),
        ganzoo.Score(
            "coverage",
            "higher",
            detects=("noise", "collapse", "missing classes", "mixed halves"),
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
        real, fake = reference.features, sample.features
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
    """Share of generated images that are nearly copies of a training image.

    One minus the authenticity of Alaa et al. 2022 (arXiv:2102.08921, section 4.3), in pixel space:
    an image counts as a copy if it is closer to a training image than any other training image is.
    A generator that generalizes scores like held-out real images; one that memorizes, near 1.
    """

    scores = (ganzoo.Score("copies", "lower", detects=("copies",)),)
    whole_reference = True
    blind_to = "quality; copies that are shifted, mirrored or recoloured"

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """A share in [0, 1].

        Raises:
            UsageError: there are fewer than two training images.
        """
        if len(reference) < 2:
            raise ganzoo.UsageError("copying needs at least two training images")
        training = _flat(reference.images)
        distance, nearest = _nearest(_flat(sample.images), training)
        matched, index = torch.unique(nearest, return_inverse=True)
        isolation, _ = _nearest(training[matched], training, exclude=matched)
        return {"copies": ganzoo.Measured((distance < isolation[index]).float().mean().item())}


def _flat(images: Tensor) -> Tensor:
    return images.flatten(1).float() / 255


def _nearest(
    images: Tensor, among: Tensor, *, exclude: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Distance and index of each image's nearest neighbour, leaving out the index in `exclude`."""
    chunks = []
    for start in range(0, len(images), ROWS):
        distances = torch.cdist(images[start : start + ROWS], among)
        if exclude is not None:
            distances.scatter_(1, exclude[start : start + ROWS, None], float("inf"))
        chunks.append(distances.min(1))
    return torch.cat([c.values for c in chunks]), torch.cat([c.indices for c in chunks])
