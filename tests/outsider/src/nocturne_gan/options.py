"""Options of the three components."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class NocturneOptions(ganzoo.Options):
    """Sizes of the networks."""

    latent_dim: int = Field(64, ge=1, le=4096, description="Length of z.")
    width: int = Field(48, ge=1, le=1024, description="Channels of both networks.")
    blocks: int = Field(3, ge=1, le=32, description="Residual blocks of the generator.")
    frequencies: int = Field(
        8, ge=1, le=256, description="Waves per axis that tell the generator where a pixel is."
    )


class TwilightOptions(ganzoo.Options):
    """Weights of what is added to the non-saturating loss."""

    consistency: float = Field(
        1.0, ge=0, description="Weight of the critic's change of mind when an image is shifted."
    )
    shift: float = Field(
        0.125, gt=0, le=0.5, description="The largest shift, as a share of the image's side."
    )
    light: float = Field(
        1.0, ge=0, description="Weight of the difference in brightness and contrast."
    )


class NightSkyOptions(ganzoo.Options):
    """What the skies hold."""

    count: int = Field(2000, ge=1, le=10_000_000, description="Skies in a split.")
    size: int = Field(32, ge=8, le=1024, description="Height and width in pixels.")
    stars: int = Field(24, ge=0, le=10_000, description="Stars in a sky.")
    seed: int = Field(0, ge=0, lt=2**31, description="Of everything that is drawn.")


class NightWatchOptions(ganzoo.Options):
    """How much the night-watch writes."""

    every: int = Field(100, ge=1, description="Steps between the numbers it writes down.")
