"""Options of the SNDCGAN architecture."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class SNDCGANOptions(ganzoo.Options):
    """Sizes of the networks and their initialization."""

    latent_dim: int = Field(128, ge=1, le=4096, description="Length of z.")
    base_channels: int = Field(
        64,
        ge=1,
        le=1024,
        description="Channels of the largest feature map; each halving of its size doubles them.",
    )
    initialization: Literal["normal", "glorot", "orthogonal"] = Field(
        "normal", description="Of weights: N(0, 0.02), Glorot uniform, or orthogonal."
    )
