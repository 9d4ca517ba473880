"""Options of the metric."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class SlicedWassersteinOptions(ganzoo.Options):
    """Options of the sliced Wasserstein distance."""

    projections: int = Field(500, ge=1, description="Number of random projections.")
