"""Options of the components."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class NocturneOptions(ganzoo.Options):
    """Sizes of the networks."""

    latent_dim: int = Field(64, ge=1, le=4096, description="Length of z.")
    width: int = Field(48, ge=1, le=1024, description="Channels of both networks.")
    blocks: int = Field(3, ge=1, le=32, description="Residual blocks of the generator.")
    frequencies: int = Field(
        8, ge=1, le=256, description="Fourier features per axis of a pixel's position."
    )
    patches: bool = Field(
        False, description="Score patches instead of images, for losses that take patches."
    )


class TwilightOptions(ganzoo.Options):
    """Weights of the terms besides the non-saturating loss."""

    consistency: float = Field(
        1.0, ge=0, description="Weight of the consistency regularization under shifts."
    )
    shift: float = Field(
        0.125, gt=0, le=0.5, description="Largest shift, as a fraction of the image's side."
    )
    light: float = Field(
        1.0, ge=0, description="Weight of the difference in brightness and contrast."
    )


class CompassOptions(ganzoo.Options):
    """Weights of the self-supervised terms; the defaults are the paper's."""

    discriminator_weight: float = Field(
        1.0, ge=0, description="Weight of the ways of real images in the discriminator's loss."
    )
    generator_weight: float = Field(
        0.2, ge=0, description="Weight of the ways of fakes in the generator's loss."
    )


class TideOptions(ganzoo.PenaltyOptions):
    """A small weight, a lazy interval."""

    weight: ganzoo.Scheduled = Field(
        0.1, ge=0, description="Factor of the penalty in the loss, a number or a schedule."
    )
    interval: int = Field(4, ge=1, description="Apply it at every n-th update, n times as strong.")


class CloudsOptions(ganzoo.Options):
    """The forecast."""

    cover: ganzoo.Scheduled = Field(
        0.5, ge=0, le=1, description="Thickest cloud, a number or a schedule; 1 hides the image."
    )


class NightSkyOptions(ganzoo.Options):
    """Options of the night skies."""

    count: int = Field(2000, ge=1, le=10_000_000, description="Number of images in a split.")
    size: int = Field(32, ge=8, le=1024, description="Height and width in pixels.")
    stars: int = Field(24, ge=0, le=10_000, description="Stars in an image.")
    seed: int = Field(0, ge=0, lt=2**31, description="Random seed of the images.")
    condition: Literal["phase", "ephemeris"] = Field(
        "phase",
        description="Condition of an image: the phase as a class, or a vector of cosine and sine "
        "of the phase and the moon's altitude.",
    )


class NightWatchOptions(ganzoo.Options):
    """Options of the night-watch."""

    every: int = Field(100, ge=1, description="Steps between lines of numbers.")
