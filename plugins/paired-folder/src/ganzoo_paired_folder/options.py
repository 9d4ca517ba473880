"""Options of the folder of pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

import ganzoo


class PairedFolderOptions(ganzoo.Options):
    """Where the pairs are, and which image of a pair is made of which."""

    path: Path = Field(
        description="Folder of the folders A and B with files of the same names, or of files that "
        "hold A on the left and B on the right; may hold train, test, val."
    )
    direction: Literal["a-to-b", "b-to-a"] = Field(
        "a-to-b", description="What is made: B of A, or A of B."
    )
    bits: int | None = Field(
        default=None,
        ge=9,
        le=16,
        description="Bits that 16-bit images use, such as 12. By default, as the files say.",
    )

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()
