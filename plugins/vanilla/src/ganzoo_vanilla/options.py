"""Options of the vanilla architecture."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class VanillaOptions(ganzoo.Options):
    """Sizes of the two MLPs."""

    latent_dim: int = Field(64, ge=1, le=4096, description="Length of z.")
    width: int = Field(512, ge=1, le=16384, description="Units of each hidden layer.")
    depth: int = Field(3, ge=1, le=16, description="Hidden layers of each network.")
    batch_norm: bool = Field(
        True, description="Batch norm in the generator; turn it off for low-dimensional data."
    )
