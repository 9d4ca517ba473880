"""Options of energy-based GANs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class EBGANOptions(ganzoo.Options):
    """Sizes of the networks and the distribution of z."""

    latent_dim: int = Field(100, ge=1, le=4096, description="Length of z.")
    latent: Literal["normal", "uniform"] = Field("uniform", description="Distribution of z.")
    base_channels: int = Field(
        64,
        ge=1,
        le=1024,
        description="Channels of the largest feature map; each halving of its size doubles them.",
    )
    code_dim: int | None = Field(
        None,
        ge=1,
        le=65536,
        description="Numbers of the auto-encoder's code; by default the whole feature map whose "
        "smaller side is 8, as in the paper.",
    )


class EnergyOptions(ganzoo.Options):
    """Options of the energy-based loss."""

    margin: float = Field(
        1.0,
        gt=0,
        description="Energy up to which the discriminator raises that of fakes. The energy of the "
        "architecture ebgan is the mean squared error of a pixel, at most 4 in [-1, 1].",
    )


class PullingAwayOptions(ganzoo.PenaltyOptions):
    """Options of the pulling-away term."""

    weight: ganzoo.Scheduled = Field(
        0.1, ge=0, description="Weight of the paper; 0 switches it off."
    )
