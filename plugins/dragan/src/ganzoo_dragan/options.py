"""Options of the DRAGAN penalty."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class DraganOptions(ganzoo.PenaltyOptions):
    """Options of the DRAGAN penalty."""

    weight: ganzoo.Scheduled = Field(
        10.0, ge=0, description="Lambda of the paper; 0 switches it off."
    )
    spread: float = Field(
        0.5,
        gt=0,
        description="Size of the perturbation, in standard deviations of the image's own pixels.",
    )
    target: float = Field(1.0, ge=0, description="Target of the gradient norm.")
