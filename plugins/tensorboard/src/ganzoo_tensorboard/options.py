"""Options of the TensorBoard observer."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class TensorBoardOptions(ganzoo.Options):
    """What goes into the event files."""

    images: bool = Field(True, description="Write sample grids too.")
