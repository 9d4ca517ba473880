"""Options of the networks and of the zero-centered penalties."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class R3GANOptions(ganzoo.Options):
    """Sizes of the networks. The defaults are the paper's for CIFAR-10 and FFHQ."""

    latent_dim: int = Field(64, ge=1, le=4096, description="Length of z.")
    base_channels: int = Field(
        768, ge=1, le=8192, description="Channels of the stages up to wide_until pixels."
    )
    wide_until: int = Field(
        32,
        ge=4,
        le=1024,
        description="Side in pixels up to which stages have base_channels; each doubling beyond "
        "halves them.",
    )
    blocks: int = Field(2, ge=1, le=32, description="Residual blocks of each stage.")
    group_channels: int = Field(
        16,
        ge=1,
        le=1024,
        description="Channels in a group of the 3x3 convolutions (ImageNet: 32), nearly where it "
        "does not divide them.",
    )
    class_dim: int = Field(
        64, ge=1, le=4096, description="Length of the generator's class embedding."
    )


class ZeroCenteredOptions(ganzoo.PenaltyOptions):
    """Options of R1 and R2."""

    weight: ganzoo.Scheduled = Field(
        10.0,
        ge=0,
        description="Gamma of the papers; the penalty includes the factor 1/2. 0 switches it off.",
    )
