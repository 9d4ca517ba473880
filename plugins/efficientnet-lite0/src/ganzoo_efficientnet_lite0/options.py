"""Options of the extractor."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class EfficientNetLite0Options(ganzoo.Options):
    """Options of EfficientNet-Lite0."""

    size: int = Field(
        96,
        ge=32,
        le=512,
        description="Input resolution of the network in pixels. It was trained at 224, which takes "
        "five times as long as 96; for images of 32 pixels 96 is enough.",
    )
