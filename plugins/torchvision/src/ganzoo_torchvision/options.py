"""Options of torchvision's datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

import ganzoo


class RootOptions(ganzoo.Options):
    """Options of every dataset here."""

    root: Path | None = Field(
        None, description="Folder of the files, in torchvision's layout; ganzoo's cache if unset."
    )

    @field_validator("root")
    @classmethod
    def _absolute(cls, root: Path | None) -> Path | None:
        return None if root is None else root.expanduser().absolute()


class TorchvisionOptions(RootOptions):
    """Options of every dataset that torchvision downloads."""

    download: bool = Field(True, description="Download missing files.")


class CelebAOptions(TorchvisionOptions):
    """Options of CelebA."""

    attribute: str = Field(
        "",
        description="One of the 40 attributes, such as Smiling, as a binary label; no labels if "
        "empty.",
    )


class STL10Options(TorchvisionOptions):
    """Options of STL-10."""

    unlabeled: bool = Field(
        False,
        description="Train on the 100,000 images without labels, as SNGAN does, and not on the "
        "5,000 with labels.",
    )


class LSUNOptions(RootOptions):
    """Options of LSUN."""

    classes: tuple[Annotated[str, StringConstraints(pattern=r"^\w+$")], ...] = Field(
        ("bedroom",),
        min_length=1,
        description="Categories, such as bedroom, church_outdoor or cat, each a folder "
        "CATEGORY_train_lmdb or CATEGORY_lmdb; several are labels.",
    )

    @field_validator("classes")
    @classmethod
    def _distinct(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) < len(classes):
            raise ValueError("names each category once")
        return classes
