"""Options of the zero-centered penalties."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class ZeroCenteredOptions(ganzoo.PenaltyOptions):
    """Options of R1 and R2."""

    weight: ganzoo.Scheduled = Field(
        10.0,
        ge=0,
        description="Gamma of the papers; the penalty includes the factor 1/2. 0 switches it off.",
    )
