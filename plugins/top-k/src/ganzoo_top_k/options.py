"""Options of top-k training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class TopKOptions(ganzoo.Options):
    """Options of top-k training."""

    of: Literal["hinge", "bce"] = Field("hinge", description="The loss of both networks.")
    fraction: ganzoo.Scheduled = Field(
        ganzoo.Schedule.parse("1 to 0.5 over 3450 kimg exponential"),
        gt=0,
        le=1,
        description="Share of the fakes, those with the highest scores, that the generator learns "
        "from; a number or a schedule.",
    )
