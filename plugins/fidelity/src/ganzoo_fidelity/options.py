"""Options of the metrics and of the Inception network."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class KernelOptions(ganzoo.Options):
    """Options of the kernel distance."""

    subsets: int = Field(100, ge=1, description="Random subsets to average over.")
    subset_size: int = Field(
        1000,
        ge=2,
        description="Images in a subset; at most half of the images, so that they differ.",
    )


class NeighbourOptions(ganzoo.Options):
    """Options of precision and recall."""

    neighbours: int = Field(3, ge=1, description="k of the k-nearest-neighbour radii.")


class SplitOptions(ganzoo.Options):
    """Options of the Inception score."""

    splits: int = Field(10, ge=1, description="Splits of the sample to average over.")


class InceptionOptions(ganzoo.Options):
    """Options of the Inception network."""

    weights: str | None = Field(
        None,
        description="File of torch-fidelity's weights (weights-inception-2015-12-05-6726825d.pth); "
        "downloaded if unset.",
    )
