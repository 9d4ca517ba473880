"""Metrics of nearest neighbours.

The one package that has density and coverage (`prdc`) has not been kept since 2020, and needs
scikit-learn for a matrix of distances, which torch has.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

import ganzoo
from ganzoo_neighbours.options import NeighbourOptions

ROWS = 2048
"""Images whose distances to all others are in memory at once."""


class DensityCoverage(ganzoo.Metric):
    """How many real images' balls an image lies in, and how many of these hold one at all.

    Naeem et al. 2020 (arXiv:2002.09797, section 3.2): a ball around each real image reaches to its
    k-th real neighbour. Density is the mean number of balls an image lies in, over k, and may
    exceed 1; coverage is the share of real images whose ball holds an image of the sample.
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

    def __init__(self, options: NeighbourOptions | None = None) -> None:
        self.options = options or NeighbourOptions()

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """Both at least 0; coverage at most 1.

        Raises:
            UsageError: fewer real images than neighbours.
        """
        k = self.options.neighbours
        if len(reference) <= k:
            raise ganzoo.UsageError(
                f"density and coverage look at {k} neighbours among {len(reference)} images; try "
                "a larger --n"
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
    """The share of images that are closer to a training image than any other training image is.

    One minus the authenticity of Alaa et al. 2022 (arXiv:2102.08921, section 4.3), of pixels. A
    generator that has learnt scores like real images held out; one that copies, near 1.
    """

    scores = (ganzoo.Score("copies", "lower", detects=("copies",)),)
    whole_reference = True
    blind_to = "quality; copies that were moved, mirrored or recoloured"

    def __init__(self, options: ganzoo.NoOptions | None = None) -> None:
        """There is nothing to choose."""

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """A share in [0, 1].

        Raises:
            UsageError: there is one training image.
        """
        if len(reference) < 2:
            raise ganzoo.UsageError("copying needs at least two training images")
        training = _flat(reference.images)
        distance, nearest = _nearest(_flat(sample.images), training)
        hit, place = torch.unique(nearest, return_inverse=True)
        apart, _ = _nearest(training[hit], training, itself=hit)
        return {"copies": ganzoo.Measured((distance < apart[place]).float().mean().item())}


def _flat(images: Tensor) -> Tensor:
    return images.flatten(1).float() / 255


def _nearest(
    images: Tensor, among: Tensor, *, itself: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Distance and number of each image's nearest, other than itself where its number is given."""
    found = []
    for start in range(0, len(images), ROWS):
        distances = torch.cdist(images[start : start + ROWS], among)
        if itself is not None:
            distances.scatter_(1, itself[start : start + ROWS, None], float("inf"))
        found.append(distances.min(1))
    return torch.cat([part.values for part in found]), torch.cat([part.indices for part in found])
