"""Options of path length regularization."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class PathLengthOptions(ganzoo.PenaltyOptions):
    """Options of path length regularization."""

    weight: ganzoo.Scheduled = Field(
        2.0, ge=0, description="Weight gamma_pl of the paper; 0 switches it off."
    )
    interval: int = Field(
        4, ge=1, description="Apply it at every n-th update, n times as strong (lazy)."
    )
    decay: float = Field(
        0.01, gt=0, le=1, description="Share of a batch in the running mean of the lengths."
    )
    batch_shrink: int = Field(
        2, ge=1, description="Use every n-th image of the batch, which saves time and memory."
    )
