"""Options of the DCGAN architecture."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

import ganzoo

Channels = Annotated[int, Field(ge=1, le=1024)]


class DCGANOptions(ganzoo.Options):
    """Sizes of the networks and the distribution of z."""

    latent_dim: int = Field(100, ge=1, le=4096, description="Length of z.")
    latent: Literal["normal", "uniform"] = Field(
        "normal", description="Distribution of z; the paper's is uniform on [-1, 1]."
    )
    base_channels: Channels | Literal["auto"] = Field(
        "auto",
        description="Channels of the largest feature map; each halving of its size doubles them. "
        "auto is 32 up to 32 pixels and 64 for larger images; the paper's is 128 at 64 pixels.",
    )
    standing_statistics: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Before sampling, measure batch norm's statistics anew over this many batches "
        "of 64 fakes; 0 keeps those of the training.",
    )
