"""Options of the architecture on frozen features."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class FrozenFeaturesOptions(ganzoo.Options):
    """Sizes of the networks, and the pretrained network."""

    latent_dim: int = Field(100, ge=1, le=4096, description="Length of z.")
    base_channels: int = Field(
        32,
        ge=1,
        le=1024,
        description="Channels of the generator's largest map; each halving doubles them.",
    )
    head_width: int = Field(
        64, ge=1, le=4096, description="Channels of each head of the discriminator."
    )
    extractor: str = Field(
        "efficientnet-lite0", description="Extractor whose feature maps the heads see."
    )
