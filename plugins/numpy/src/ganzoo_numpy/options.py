"""Options of images in a NumPy file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

import ganzoo


class NumpyOptions(ganzoo.Options):
    """Where the arrays are, and how they are to be read."""

    path: Path = Field(description="A .npy file of images, or a .npz file of images and labels.")
    images: str | None = Field(
        None, description="Array of the .npz that holds the images; the only one of 3 or 4 axes."
    )
    labels: str | None = Field(
        None,
        description="Array of the .npz with one label an image, a .npy file beside the images, or "
        "none for no labels; the only other array of the same length, if its name says labels.",
    )
    layout: Literal["NHW", "NHWC", "NCHW"] | None = Field(
        None,
        description="Axes: N images, H rows, W columns, C channels; by default as the shape says.",
    )
    value_range: tuple[float, float] | None = Field(
        None,
        description="Values of black and white, such as [0, 1] or [-1, 1]; required unless the "
        "images are uint8.",
    )

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("value_range")
    @classmethod
    def _ordered(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not (value[0] < value[1] and math.isfinite(value[1] - value[0])):
            raise ValueError("should be two numbers, the lower first")
        return value
