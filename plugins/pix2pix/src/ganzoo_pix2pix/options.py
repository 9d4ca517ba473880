"""Options of pix2pix."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class Pix2PixOptions(ganzoo.Options):
    """Sizes and layers of the U-Net and of the PatchGAN."""

    base_channels: int = Field(
        64,
        ge=1,
        le=512,
        description="Channels after the first layer; the deepest have 8 times.",
    )
    norm: Literal["batch", "instance"] = Field(
        "instance",
        description="Normalization; batch norm over one image, as in the paper, is instance norm.",
    )
    dropout: float = Field(
        0.5, ge=0, lt=1, description="Probability of dropout in the three deepest layers upwards."
    )
    patch: Literal[1, 16, 34, 70, 142, 286] = Field(
        70, description="Side of the patches that the discriminator scores, in pixels."
    )


class Pix2PixLossOptions(ganzoo.Options):
    """The adversarial part and the weight of the L1 distance."""

    adversarial: Literal["vanilla", "least-squares"] = Field(
        "vanilla", description="Cross-entropy of the patches as in the paper, or least squares."
    )
    l1_weight: float = Field(
        100.0, ge=0, le=1e6, description="Weight of the L1 distance to the real image."
    )
