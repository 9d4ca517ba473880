"""Options of the observer."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class EvaluatingOptions(ganzoo.Options):
    """Options of evaluation while a run is trained."""

    every: int = Field(1000, ge=1, description="Steps between evaluations.")
    metrics: tuple[str, ...] = Field(
        ("frechet",), min_length=1, description="What to measure; see `ganzoo list metrics`."
    )
    extractor: str | None = Field(
        None, description="What makes the features; the one that offers itself if unset."
    )
    n: int = Field(1000, ge=2, description="Images of each set.")
    seed: int = Field(0, ge=0, description="Of the choice of images and of z.")
