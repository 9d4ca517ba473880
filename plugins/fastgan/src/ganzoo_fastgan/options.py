"""Options of FastGAN's networks and of the reconstruction penalty."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class FastGANOptions(ganzoo.Options):
    """Sizes of the networks."""

    latent_dim: int = Field(256, ge=1, le=4096, description="Length of z.")
    base_channels: int = Field(
        64,
        ge=1,
        le=1024,
        description="Channels at 128 pixels (ngf and ndf of the paper's code); coarser maps have "
        "up to 16 times as many. 16 or 32 suit small images and CPUs.",
    )
    lite: bool = Field(
        False,
        description="One convolution at each size of the generator and no noise; by default two "
        "with noise at 8, 32, 128 and 512 pixels.",
    )
    span: Literal[4, 8, 16] = Field(
        16,
        description="Skip-layer excitation reaches maps that are this many times larger. With the "
        "paper's 16 it starts at images of 64 pixels; 8 suits 32 pixels.",
    )


class ReconstructionOptions(ganzoo.PenaltyOptions):
    """Options of the reconstruction penalty."""

    norm: Literal["l2", "l1"] = Field(
        "l2", description="Of a pixel's error: l2 takes squares, l1 absolute values."
    )
