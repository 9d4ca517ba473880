"""Pixels of 8 bits to images in [-1, 1], and back."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from ganzoo.errors import DataError, GanzooWarning, UsageError, shown

Range = tuple[float, float]
"""The values of black and of white: `(-1, 1)`, `(0, 1)`, `(0, 255)`."""

TOLERANCE = 1 / 255
"""How far a value may leave [-1, 1]: half a step of 8 bits, the rounding of short floats."""


def from_uint8(pixels: Tensor) -> Tensor:
    """Scale pixels of 0 to 255 to images in [-1, 1], float32 of the same shape."""
    return pixels.to(torch.float32, copy=True).div_(127.5).sub_(1)


def to_images(pixels: Tensor) -> Tensor:
    """Images `(N, C, H, W)` in [-1, 1], channels last in memory, of uint8 `(N, H, W, C)`."""
    return from_uint8(pixels.permute(0, 3, 1, 2))


def to_uint8(images: Tensor, value_range: Range | None = None) -> Tensor:
    """Round images to pixels of 0 to 255, uint8 of the same shape.

    Args:
        images: floats or integers, of any shape.
        value_range: the declared values of black and white, such as `(0, 1)`; a value outside is
            refused. If None, uint8 stays, and floats lie in [-1, 1]: values outside are clamped,
            and NaN becomes 0.

    Raises:
        UsageError: integers of no declared range, or the range is not two numbers.
        DataError: a range is declared, and a value lies outside it or is not finite.
    """
    if images.dtype == torch.uint8 and value_range is None:
        return images
    if value_range is not None:
        check_range(images, value_range)
    elif not images.is_floating_point():
        raise UsageError(_integers(images))
    low, high = (-1, 1) if value_range is None else value_range
    return images.float().clamp(low, high).sub(low).mul(255 / (high - low)).round().to(torch.uint8)


def check_range(images: Tensor, value_range: Range) -> None:
    """Refuse images that leave their declared range by more than half a step of 8 bits.

    Raises:
        UsageError: the range is not two numbers, the lower first.
        DataError: says in which range the images lie.
    """
    # The range.
    try:
        low, high = value_range
        clear = low < high and math.isfinite(high - low)
    except (TypeError, ValueError):
        clear = False
    if not clear:
        raise UsageError(
            f"value_range is {shown(value_range)}, but should be the values of black and white, "
            "two numbers with the lower first, such as (0, 1)"
        )

    # The images.
    if not images.numel():
        return
    least, most = images.float().min().item(), images.float().max().item()
    slack = (high - low) * TOLERANCE / 2
    if not (least >= low - slack and most <= high + slack):  # NaN too
        raise DataError(
            f"the declared range of values is [{low:g}, {high:g}], and these images lie in "
            f"[{least:.4g}, {most:.4g}]"
        )


def checked_uint8(images: Tensor, value_range: Range | None = None) -> Tensor:
    """Round images that a user gives to uint8; uint8 images of no declared range pass unchanged.

    It warns if no value is negative, as images in [0, 1] would be taken for pale ones.

    Args:
        images: `(N, C, H, W)`, uint8, in [-1, 1] or in the declared range.
        value_range: the declared values of black and white; if None, floats lie in [-1, 1].

    Raises:
        UsageError: they have another shape, type or range, or a value is not finite.
        DataError: a value lies outside the declared range.
    """
    # Shape and type.
    if images.ndim != 4 or not images.numel():
        raise UsageError(f"images are (N, C, H, W); got a tensor of shape {tuple(images.shape)}")
    if value_range is not None:
        return to_uint8(images, value_range)
    if images.dtype == torch.uint8:
        return images
    if not images.is_floating_point():
        raise UsageError(_integers(images))

    # Range.
    if bad := int((~images.isfinite()).sum()):
        raise UsageError(f"{bad:,} of {images.numel():,} values of the images are not finite")
    low, high = images.min().item(), images.max().item()
    if low < -1 - TOLERANCE or high > 1 + TOLERANCE:
        raise UsageError(
            f"floating-point images lie in [-1, 1], and these in [{low:.4g}, {high:.4g}]. Scale "
            "pixels of 0 to 255 with images / 127.5 - 1, or give them as uint8"
        )
    if low >= 0:
        message = (
            f"no value of the images is negative: they lie in [{low:.4g}, {high:.4g}], and are "
            "taken for images in [-1, 1], where 0 is grey. Scale images in [0, 1] with "
            "images * 2 - 1"
        )
        warnings.warn(GanzooWarning(message), stacklevel=2)
    return to_uint8(images)


def _integers(images: Tensor) -> str:
    """Why images of integers are refused."""
    return (
        f"images are uint8, or floats in [-1, 1]; got {images.dtype}. If they lie in [0, 255], "
        "convert them with images.to(torch.uint8)"
    )
