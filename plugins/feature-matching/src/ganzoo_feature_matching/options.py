"""Options of feature matching."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class FeatureMatchingOptions(ganzoo.PenaltyOptions):
    """Options of feature matching."""

    norm: Literal["l2", "l1"] = Field(
        "l2",
        description="Of the difference of the mean features: l2 sums squares, l1 absolute values, "
        "over all features.",
    )
