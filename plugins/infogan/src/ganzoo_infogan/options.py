"""Options of the InfoGAN loss."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

import ganzoo


class InfoGANOptions(ganzoo.Options):
    """The codes, and the weights of their terms."""

    categories: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        (10,), description="Categorical codes: the number of values of each; [] for none."
    )
    continuous: int = Field(2, ge=0, description="Number of continuous codes, uniform on [-1, 1].")
    weight: float = Field(
        1.0, ge=0, description="Lambda of the paper: weight of the categorical codes."
    )
    continuous_weight: float = Field(0.1, ge=0, description="Weight of the continuous codes.")
