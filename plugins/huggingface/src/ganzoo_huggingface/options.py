"""Options of Hugging Face datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

import ganzoo

Format = Literal["auto", "saved", "parquet", "webdataset", "hub"]


class HuggingFaceOptions(ganzoo.Options):
    """Where the dataset is, and which of its columns and splits are used."""

    format: Format = Field(
        "auto",
        description="saved (by save_to_disk), parquet or webdataset (files), or hub, which "
        "downloads; auto looks at the files.",
    )
    path: Path | str = Field(
        description="A folder or file; with format=hub the name, such as owner/name."
    )
    files: str | None = Field(
        None,
        description="Pattern of the files to read in the folder or Hub dataset, such as "
        "`data/train-*.parquet`; all by default.",
    )
    split: str | None = Field(
        None, description="Split to train on; train by default, or the only one."
    )
    image: str | None = Field(
        None, description="Column of images; the only Image column by default."
    )
    label: str | None = Field(
        None,
        description="Column of labels, ClassLabel, integers or text, or none for no labels; the "
        "only ClassLabel column by default. A part of a JSON column is json.PART.",
    )
    subset: str | None = Field(None, description="Subset (configuration) of a Hub dataset.")
    revision: str | None = Field(None, description="Branch, tag or commit of a Hub dataset.")
    cache_dir: Path | None = Field(
        None, description="Folder of what datasets downloads and converts; its own by default."
    )

    @field_validator("path", "cache_dir")
    @classmethod
    def _absolute(cls, path: Path | str | None, info: ValidationInfo) -> Path | str | None:
        if path is None or (info.field_name == "path" and info.data.get("format") == "hub"):
            return path
        return Path(path).expanduser().absolute()
