"""Options of the least-squares loss."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class LeastSquaresOptions(ganzoo.Options):
    """The three targets of the paper; its other choice is a = -1, b = 1, c = 0."""

    a: float = Field(0.0, description="What the discriminator is to score fakes.")
    b: float = Field(1.0, description="What the discriminator is to score reals.")
    c: float = Field(1.0, description="What the generator wants its fakes scored.")
