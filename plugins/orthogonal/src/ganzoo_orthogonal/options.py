"""Options of orthogonal regularization."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class OrthogonalOptions(ganzoo.ConstraintOptions):
    """Options of orthogonal regularization."""

    networks: Literal["discriminator", "generator", "both"] = Field(
        "generator", description="Networks whose weights it constrains."
    )
    weight: float = Field(1e-4, ge=0, description="Beta of the paper; 0 switches it off.")
    variant: Literal["off-diagonal", "identity"] = Field(
        "off-diagonal",
        description="Filters orthogonal (equation 3), or of length 1 too (equation 2).",
    )
    embeddings: bool = Field(False, description="Penalize embeddings too.")
