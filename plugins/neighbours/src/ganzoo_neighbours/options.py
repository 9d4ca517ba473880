"""Options of the metrics."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class NeighbourOptions(ganzoo.Options):
    """Options of density and coverage."""

    neighbours: int = Field(5, ge=1, description="k of the k-nearest-neighbour radii.")
