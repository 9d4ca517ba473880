"""Conditions: what a dataset gives beside each image, as arrays of one type and shape.

A class is an int64 number, a vector float32 `(D,)`, a picture uint8 `(H, W, C)`, decoded as the
image is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganzoo.data.decode import natural_channels, to_pixels
from ganzoo.data.pixels import to_images
from ganzoo.errors import UsageError, shown
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import Condition, ImageSpec, Picture, Vector

Array = NDArray[Any]
"""The condition of one image, of the type that `array_type` says."""


class WrongCondition(Exception):
    """A condition is not what the dataset's spec says; the message follows the image's name."""


def array_type(spec: ImageSpec) -> tuple[str, tuple[int, ...]]:
    """Type and shape of one stored condition; images without any have the label 0."""
    match spec.condition:
        case Vector(length):
            return "<f4", (length,)
        case Picture(channels):
            return "u1", (spec.height, spec.width, channels)
    return "<i8", ()


def stored_bytes(spec: ImageSpec) -> int:
    """Bytes of one image with its condition."""
    kind, shape = array_type(spec)
    return math.prod(spec.shape) + np.dtype(kind).itemsize * math.prod(shape)


def to_array(value: Any, spec: ImageSpec) -> Array:
    """Convert the condition of an image.

    Args:
        value: a label, a vector (list, array or tensor), or an image as `to_pixels` takes it.
        spec: says which of these, and the size.

    Raises:
        WrongCondition: it is something else, out of range or not finite.
        OSError: a picture cannot be decoded.
    """
    match spec.condition:
        case Vector(length):
            return _vector(value, length)
        case Picture(channels):
            if not isinstance(value, (Image.Image, Tensor)):
                raise WrongCondition(f"comes with {_named(value)}, and the dataset says a picture")
            try:
                return to_pixels(value, channels, spec.height, spec.width)
            except (UsageError, ValueError) as error:
                raise WrongCondition(f"comes with a wrong picture: {error}") from None
    return _label(value, spec.num_classes)


def condition_of(value: Any) -> Condition | None:
    """The kind of condition that a value is; None for a label."""
    if isinstance(value, Image.Image) or (isinstance(value, Tensor) and value.ndim == 3):
        return Picture(natural_channels(value))
    if isinstance(value, (list, tuple, np.ndarray, Tensor)) and np.ndim(value) == 1:
        return Vector(len(value)) if len(value) > 1 else None
    return None


def batch_of(pixels: Tensor, conditions: Tensor | None) -> Batch:
    """Make a batch of stored arrays: uint8 pixels `(N, H, W, C)`, and conditions if there are any.

    Images, and pictures among the conditions, are in [-1, 1] and channels last in memory.
    """
    if conditions is not None and conditions.ndim == 4:
        conditions = to_images(conditions)
    return Batch(to_images(pixels), conditions)


def _label(value: Any, num_classes: int) -> Array:
    try:
        label = int(value)
    except (TypeError, ValueError):
        raise WrongCondition(f"has label {shown(value)}, and labels are integers") from None
    if num_classes and not 0 <= label < num_classes:
        raise WrongCondition(
            f"has label {label}, but the dataset says it has {num_classes} classes, 0 to "
            f"{num_classes - 1}"
        )
    return np.asarray(label, dtype="<i8")


def _vector(value: Any, length: int) -> Array:
    # Numbers.
    try:
        vector = np.asarray(value, dtype="<f4")
    except (TypeError, ValueError, RuntimeError):
        vector = np.asarray(np.nan)

    # Shape and range.
    if vector.shape != (length,):
        shape = "x".join(map(str, vector.shape))
        given = f"a vector of {shape}" if shape else _named(value)
        raise WrongCondition(f"comes with {given}, and the dataset says a vector of {length}")
    if not np.isfinite(vector).all():
        raise WrongCondition(f"comes with a vector that is not finite: {shown(vector.tolist())}")
    return vector


def _named(value: Any) -> str:
    """A wrong condition in words."""
    if value is None:
        return "no condition"
    if isinstance(value, (bool, int, float, str)):
        return f"the condition {shown(value)}"
    return f"a {type(value).__name__} as condition"


KEPT = 256
"""Conditions that a run keeps, at most."""

KEPT_BYTES = 2**24
"""Bytes of these, at most, as they are stored."""


def examples(images: Any) -> Batch | None:
    """Select some images with their vectors or pictures, spread over the set; None without these.

    A generator is sampled with them where nobody names a condition. They are in random order, so
    that the first few are spread over the set too.

    Args:
        images: a `ganzoo.Images`.
    """
    spec: ImageSpec = images.spec
    if spec.condition is None:
        return None
    size = stored_bytes(spec) - math.prod(spec.shape)
    count = min(len(images), KEPT, max(1, KEPT_BYTES // size))
    rows = torch.linspace(0, len(images) - 1, count, dtype=torch.float64).round().long()
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    batch: Batch = images.batch(rows[order])
    return batch
