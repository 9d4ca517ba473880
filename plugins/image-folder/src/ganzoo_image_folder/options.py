"""Options of the image folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

import ganzoo


class ImageFolderOptions(ganzoo.Options):
    """Options of the image folder."""

    path: Path = Field(description="Folder of images, or of one subfolder of images per class.")

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()
