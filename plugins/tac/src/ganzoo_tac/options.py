"""Options of the twin auxiliary classifier loss."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class TwinClassifierOptions(ganzoo.Options):
    """Options of the twin auxiliary classifier loss."""

    class_weight: float = Field(
        1.0, ge=0, description="Weight of the classifier's terms relative to the hinge loss."
    )
    twin_weight: float = Field(
        1.0, ge=0, description="Weight of the twin's terms; with 0 it is an auxiliary classifier."
    )
