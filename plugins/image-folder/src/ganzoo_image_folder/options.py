"""Options of the image folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

import ganzoo


class ImageFolderOptions(ganzoo.Options):
    """Options of the image folder."""

    path: Path = Field(
        description="Folder of images, or of one folder of images per class; may hold train, test."
    )
    bits: int | None = Field(
        default=None,
        ge=9,
        le=16,
        description="Bits that 16-bit images use, such as 12. By default, as the files say.",
    )

    attributes: Path | None = Field(
        default=None,
        description="CSV file in the folder with the first line file,NAME,NAME,…: numbers of each "
        "image, to condition on in place of its class.",
    )

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()
