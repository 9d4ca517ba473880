"""Options of the LeCam regularizer."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class LeCamOptions(ganzoo.PenaltyOptions):
    """Options of the LeCam regularizer."""

    weight: ganzoo.Scheduled = Field(
        ganzoo.Schedule.parse("0 to 0.3 from 1000 steps"),
        ge=0,
        description="Factor of the regularizer in the loss, a number or a schedule. While it is 0 "
        "the averages are the latest scores.",
    )
    decay: float = Field(
        0.99, ge=0, lt=1, description="Decay per update of the moving averages of the scores."
    )
