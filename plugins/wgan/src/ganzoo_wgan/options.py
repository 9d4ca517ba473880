"""Options of the Wasserstein losses and of their penalty."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class WassersteinOptions(ganzoo.Options):
    """Options of the loss with weight clipping."""

    clip: float = Field(
        0.01, gt=0, description="Weight clipping: critic weights are clamped to [-clip, clip]."
    )


class WeightClippingOptions(ganzoo.ConstraintOptions):
    """Options of weight clipping."""

    bound: float = Field(0.01, gt=0, description="Parameters are clamped to [-bound, bound].")


class GradientPenaltyOptions(ganzoo.PenaltyOptions):
    """Options of the gradient penalty."""

    weight: ganzoo.Scheduled = Field(
        10.0, ge=0, description="Lambda of the paper; 0 switches it off."
    )
    target: float = Field(1.0, ge=0, description="Target of the gradient norm.")
    one_sided: bool = Field(
        False, description="Penalize only norms above the target (section 4 of the paper)."
    )
