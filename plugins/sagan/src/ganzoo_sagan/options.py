"""Options of the SAGAN architecture."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class SAGANOptions(ganzoo.Options):
    """Sizes of the networks, where attention is, initialization, statistics of batch norm."""

    latent_dim: int = Field(128, ge=1, le=4096, description="Length of z.")
    base_channels: int = Field(
        64,
        ge=1,
        le=1024,
        description="Unit of the widths: the channels of the largest feature map at 64 and 128 "
        "pixels; at 32 the generator has four times as many throughout.",
    )
    attention: tuple[int, ...] | Literal["auto"] = Field(
        "auto",
        description="Sides of the feature maps with self-attention, in both networks: [32] or "
        "[32, 64]; [] for none. auto is half the image's side.",
    )
    initialization: Literal["glorot", "orthogonal", "normal"] = Field(
        "glorot", description="Of weights: Glorot uniform, orthogonal, or N(0, 0.02)."
    )
    standing_statistics: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Before sampling, measure batch norm's statistics anew over this many batches "
        "of 64 fakes; 0 keeps those of the training.",
    )
