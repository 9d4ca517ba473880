"""Options of the Wasserstein losses, of their penalties and of weight clipping."""

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


class DivergencePenaltyOptions(ganzoo.PenaltyOptions):
    """Options of the penalty of WGAN-div."""

    weight: ganzoo.Scheduled = Field(2.0, ge=0, description="k of the paper; 0 switches it off.")
    power: float = Field(6.0, ge=1, description="Power of the gradient norm, p of the paper.")


class MaxGradientPenaltyOptions(ganzoo.PenaltyOptions):
    """Options of the maximum gradient penalty."""

    weight: ganzoo.Scheduled = Field(
        10.0, ge=0, description="Factor of the largest squared norm; 0 switches it off."
    )
