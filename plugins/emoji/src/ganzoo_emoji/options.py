"""Options of the emoji."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

import ganzoo


class EmojiOptions(ganzoo.Options):
    """What each emoji is conditioned on."""

    condition: Literal["grey", "edges"] | None = Field(
        None,
        description="Picture to make the emoji of: its grey values, or its edges in black. With "
        "none, its category is the label.",
    )

    @field_validator("condition", mode="before")
    @classmethod
    def _none_by_name(cls, condition: object) -> object:
        return None if condition == "none" else condition
