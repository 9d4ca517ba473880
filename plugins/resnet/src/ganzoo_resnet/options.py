"""Options of the ResNet architecture."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class ResNetOptions(ganzoo.Options):
    """Whose networks, their sizes, normalization and initialization."""

    variant: Literal["sngan", "wgan-gp"] = Field(
        "sngan",
        description="Networks of Miyato et al. 2018, with sum pooling and spectral normalization, "
        "or those of Gulrajani et al. 2017 for 32 pixels, with mean pooling.",
    )
    latent_dim: int = Field(128, ge=1, le=4096, description="Length of z.")
    base_channels: int = Field(
        64,
        ge=1,
        le=1024,
        description="Unit of the widths. At 32 pixels the discriminator has 2 units in every layer "
        "and the generator 4 (wgan-gp: 2); at 48 and more pixels both have 1 to 16 units.",
    )
    hidden_width: Literal["input", "output"] = Field(
        "input",
        description="Channels between the two convolutions of a discriminator's block: those of "
        "its input, as in the authors' code, or of its output, as in StudioGAN; equal at 32.",
    )
    discriminator_norm: Literal["none", "batch", "layer"] = Field(
        "none",
        description="Normalization in the discriminator. Layer norm allows gradient penalties; "
        "batch norm makes sense without spectral normalization.",
    )
    initialization: Literal["glorot", "orthogonal", "normal"] = Field(
        "glorot",
        description="Of weights: Glorot uniform, with gain sqrt(2) for the convolutions of "
        "residual branches and 1 for other layers, as in the papers; orthogonal; or N(0, 0.02).",
    )
