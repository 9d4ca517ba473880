"""Options of torchvision's datasets."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

import ganzoo


class TorchvisionOptions(ganzoo.Options):
    """Where the files are, and whether they may be fetched."""

    root: Path | None = Field(
        None, description="Folder of the files, in torchvision's layout. By default in the cache."
    )
    download: bool = Field(True, description="Download what is missing.")

    @field_validator("root")
    @classmethod
    def _absolute(cls, root: Path | None) -> Path | None:
        return None if root is None else root.expanduser().absolute()


class CelebAOptions(TorchvisionOptions):
    """The same, and which attribute is the label."""

    attribute: str = Field(
        "", description="One of the 40 attributes, such as Smiling, as a label of two classes."
    )
