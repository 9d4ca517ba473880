"""Options of the auxiliary classifier loss."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class AuxiliaryClassifierOptions(ganzoo.Options):
    """Options of the auxiliary classifier loss."""

    class_weight: float = Field(
        1.0,
        ge=0,
        description="Weight of the classification terms relative to the adversarial ones.",
    )
    of: Literal["bce", "hinge"] = Field("bce", description="The adversarial loss.")
    classify_fakes: bool = Field(
        True, description="Train the discriminator on the classes of fakes too, as in the paper."
    )
