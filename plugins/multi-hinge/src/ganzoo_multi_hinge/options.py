"""Options of the multi-hinge loss."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class MultiHingeOptions(ganzoo.Options):
    """Options of the multi-hinge loss."""

    adversarial_weight: float = Field(
        0.05, ge=0, description="Weight of the multi-hinge term of the generator."
    )
    feature_weight: float = Field(
        1.0,
        ge=0,
        description="Weight of the generator's feature matching, the mean absolute difference of "
        "the discriminator's mean features; 0 switches it off.",
    )
