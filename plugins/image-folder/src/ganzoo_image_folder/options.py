"""Options of the image folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

import ganzoo


class ImageFolderOptions(ganzoo.Options):
    """Which folder."""

    path: Path = Field(description="The folder: images in it, or one folder of images per class.")

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()
