"""Options of the BigGAN architectures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class BigGANOptions(ganzoo.Options):
    """Sizes of the networks, where attention is, initialization, statistics of batch norm."""

    latent_dim: int = Field(
        120, ge=1, le=4096, description="Length of z, which is cut into a chunk for each block."
    )
    base_channels: int = Field(
        96,
        ge=1,
        le=1024,
        description="Unit of the widths: the channels of the largest feature map at 64 and more "
        "pixels; at 32 the generator has four times as many throughout.",
    )
    embedding_dim: int = Field(
        128,
        ge=1,
        le=4096,
        description="Length of the class embedding that all blocks of the generator share.",
    )
    attention: tuple[int, ...] | Literal["auto"] = Field(
        "auto",
        description="Sides of the feature maps with self-attention, in both networks: [64]; [] for "
        "none. auto is half the image's side, and 64 at 256 pixels.",
    )
    initialization: Literal["orthogonal", "glorot", "normal"] = Field(
        "orthogonal", description="Of weights: orthogonal, Glorot uniform, or N(0, 0.02)."
    )
    standing_statistics: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Before sampling, measure batch norm's statistics anew over this many batches "
        "of 64 fakes; 0 keeps those of the training.",
    )


class BigGANDeepOptions(BigGANOptions):
    """Sizes of the networks, where attention is, initialization, statistics of batch norm."""

    latent_dim: int = Field(128, ge=1, le=4096, description="Length of z.")
    base_channels: int = Field(
        128,
        ge=1,
        le=1024,
        description="Unit of the widths: the channels of the discriminator's largest feature map "
        "at 64 and more pixels; at 32 the generator has four times as many throughout.",
    )
    depth: int = Field(2, ge=1, le=16, description="Residual blocks at each resolution.")
