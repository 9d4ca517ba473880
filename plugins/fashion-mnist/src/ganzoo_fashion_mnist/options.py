"""Options of the Fashion-MNIST dataset."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator, model_validator

import ganzoo


class FashionMNISTOptions(ganzoo.Options):
    """Where the images come from: the included subset, a folder, or a download."""

    path: Path | None = Field(
        None,
        description="Folder with the four IDX files, gzipped or not, such as those of Debian's "
        "package dataset-fashion-mnist.",
    )
    full: bool = Field(
        False, description="Download the full set (70,000 images) into ganzoo's cache directory."
    )

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @model_validator(mode="after")
    def _one_source(self) -> FashionMNISTOptions:
        if self.full and self.path is not None:
            raise ValueError("path and full are two sources: leave one of them out")
        return self
