"""Options of the auxiliary discriminative classifier loss."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class DiscriminativeClassifierOptions(ganzoo.Options):
    """Options of the auxiliary discriminative classifier loss."""

    class_weight: float = Field(
        1.0, ge=0, description="Weight of the classifier's terms relative to the hinge loss."
    )
