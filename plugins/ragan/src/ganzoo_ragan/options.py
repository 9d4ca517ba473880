"""Options of the relativistic average loss."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class RelativisticAverageOptions(ganzoo.Options):
    """Options of the relativistic average loss."""

    of: Literal["bce", "hinge", "lsgan"] = Field(
        "bce",
        description="Loss of the relative scores: bce is RaSGAN, hinge RaHingeGAN, lsgan RaLSGAN.",
    )
