"""Options of the TensorBoard observer."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class TensorBoardOptions(ganzoo.Options):
    """Options of the TensorBoard observer."""

    images: bool = Field(True, description="Write sample grids.")
