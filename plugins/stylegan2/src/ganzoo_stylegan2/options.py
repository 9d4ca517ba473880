"""Options of the StyleGAN2 architecture."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class StyleGAN2Options(ganzoo.Options):
    """Sizes of the networks, style mixing and truncation."""

    latent_dim: int = Field(512, ge=1, le=4096, description="Length of z.")
    style_dim: int = Field(512, ge=1, le=4096, description="Length of w, the style of a layer.")
    mapping_layers: int = Field(8, ge=1, le=32, description="Layers of the mapping network.")
    mapping_lr_multiplier: float = Field(
        0.01, gt=0, le=1, description="Learning rate of the mapping network, relative to the rest."
    )
    channel_base: int = Field(
        32768,
        ge=8,
        le=1 << 20,
        description="Channels at a resolution are channel_base / resolution, at most channel_max.",
    )
    channel_max: int = Field(512, ge=1, le=4096, description="Most channels of a feature map.")
    discriminator: Literal["residual", "plain"] = Field(
        "residual", description="With residual connections, or without (the CIFAR-10 networks)."
    )
    minibatch_group: int = Field(
        4,
        ge=0,
        le=1024,
        description="Images in a group of the minibatch standard deviation; 0 for none.",
    )
    style_mixing: float = Field(
        0.9, ge=0, le=1, description="Probability that a batch is made of two styles in training."
    )
    w_avg_decay: float = Field(
        0.995, ge=0, lt=1, description="Decay of the running mean of w, which truncation moves to."
    )
    truncation_cutoff: int | None = Field(
        None,
        ge=0,
        le=64,
        description="Truncate w of the first layers only, this many; all if unset.",
    )
