"""Options of the auxiliary classifier loss."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class AuxiliaryClassifierOptions(ganzoo.Options):
    """How much the class counts."""

    class_weight: float = Field(
        1.0, ge=0, description="Factor of the class terms against the adversarial ones."
    )
