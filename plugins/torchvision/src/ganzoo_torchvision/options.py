"""Options of torchvision's datasets."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

import ganzoo


class TorchvisionOptions(ganzoo.Options):
    """Options of every torchvision dataset."""

    root: Path | None = Field(
        None, description="Folder of the files, in torchvision's layout; ganzoo's cache if unset."
    )
    download: bool = Field(True, description="Download missing files.")

    @field_validator("root")
    @classmethod
    def _absolute(cls, root: Path | None) -> Path | None:
        return None if root is None else root.expanduser().absolute()


class CelebAOptions(TorchvisionOptions):
    """Options of CelebA."""

    attribute: str = Field(
        "",
        description="One of the 40 attributes, such as Smiling, as a binary label; no labels if "
        "empty.",
    )
