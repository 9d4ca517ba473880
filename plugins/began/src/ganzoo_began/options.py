"""Options of boundary equilibrium GANs."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class BEGANOptions(ganzoo.Options):
    """Sizes of the networks."""

    latent_dim: int = Field(
        64, ge=1, le=4096, description="Length of z, and of the auto-encoder's code."
    )
    base_channels: int = Field(
        128,
        ge=1,
        le=1024,
        description="Channels of the generator, n of the paper; the encoder has n more after each "
        "halving of the size.",
    )


class EquilibriumOptions(ganzoo.Options):
    """Options of the boundary equilibrium loss."""

    gamma: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Diversity ratio: the ratio E[L(G(z))] / E[L(x)] that is held. Lower values "
        "give less varied, better images.",
    )
    rate: float = Field(0.001, ge=0, description="Lambda_k, the learning rate of k.")
