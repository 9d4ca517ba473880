"""Options of latent optimization."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class LatentOptimizationOptions(ganzoo.Options):
    """Options of latent optimization."""

    of: Literal["hinge", "bce"] = Field("hinge", description="The loss of both networks.")
    step: float = Field(0.9, ge=0, description="Alpha, the size of the step of z.")
    damping: float = Field(
        0.1, gt=0, description="Beta, which bounds the step where the gradient is small."
    )
    share: float = Field(
        0.8, ge=0, le=1, description="Probability with which each z is moved; others stay."
    )
    at_sampling: bool = Field(
        True, description="Move z in samples and metrics too, as in training."
    )
    weight: float = Field(
        0.1, ge=0, description="Weight of the generator's term ||step||^2, which keeps steps small."
    )
