"""Options of the Gaussian mixtures."""

from __future__ import annotations

from math import isqrt
from typing import Literal

from pydantic import Field, model_validator

import ganzoo


class GaussiansOptions(ganzoo.Options):
    """Options of the Gaussian mixture."""

    layout: Literal["grid", "ring"] = Field("grid", description="Arrangement of the modes.")
    modes: int = Field(25, ge=1, le=400, description="Number of modes; a square number for a grid.")
    std: float = Field(
        0.02,
        gt=0,
        le=0.2,
        description="Standard deviation of each mode; the modes lie in [-1, 1] x [-1, 1].",
    )
    count: int = Field(50_000, ge=1, le=5_000_000, description="Number of points.")
    seed: int = Field(0, ge=0, lt=2**62, description="Random seed of the points.")

    @model_validator(mode="after")
    def _a_grid_is_a_square(self) -> GaussiansOptions:
        side = isqrt(self.modes)
        if self.layout == "grid" and side * side != self.modes:
            raise ValueError(
                f"a grid needs a square number of modes such as {side**2} or {(side + 1) ** 2}"
            )
        return self
