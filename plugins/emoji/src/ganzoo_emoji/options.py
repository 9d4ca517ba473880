"""Options of the emoji."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class EmojiOptions(ganzoo.Options):
    """What each emoji is conditioned on."""

    condition: Literal["none", "grey", "edges"] = Field(
        "none",
        description="Picture to make the emoji of: its grey values, or its edges in black. With "
        "none, its category is the label.",
    )
