"""Options of the least-squares loss."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class LeastSquaresOptions(ganzoo.Options):
    """The three targets of the paper; its other choice is a = -1, b = 1, c = 0 (equation 8)."""

    a: float = Field(0.0, description="Target score of fakes in the discriminator's loss.")
    b: float = Field(1.0, description="Target score of real images in the discriminator's loss.")
    c: float = Field(1.0, description="Target score of fakes in the generator's loss.")
