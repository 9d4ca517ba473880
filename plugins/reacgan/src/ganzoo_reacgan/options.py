"""Options of the data-to-data cross-entropy loss."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class DataToDataOptions(ganzoo.Options):
    """Options of the data-to-data cross-entropy loss."""

    embedding_dim: int = Field(
        512, ge=1, description="Length of an image's embedding and of a class proxy."
    )
    weight: float = Field(
        0.5, ge=0, description="Weight of the cross-entropy term relative to the hinge loss."
    )
    temperature: float = Field(0.5, gt=0, description="Similarities are divided by it.")
    margin: float = Field(
        0.98,
        gt=0,
        le=1,
        description="Cosine to its class proxy from which an image costs nothing; images of other "
        "classes cost from one minus this on.",
    )
