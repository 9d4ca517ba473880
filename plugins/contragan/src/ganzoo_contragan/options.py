"""Options of the conditional contrastive loss."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class ContrastiveOptions(ganzoo.Options):
    """Options of the conditional contrastive loss."""

    embedding_dim: int = Field(
        512, ge=1, description="Length of an image's embedding and of a class proxy."
    )
    weight: float = Field(
        1.0, ge=0, description="Weight of the contrastive term relative to the hinge loss."
    )
    temperature: float = Field(
        1.0,
        gt=0,
        description="Similarities are divided by it: a small one counts the nearest images only.",
    )
