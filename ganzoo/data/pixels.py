"""Pixels of 8 bits to images in [-1, 1], and back."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from ganzoo.errors import GanzooWarning, UsageError

TOLERANCE = 1 / 255
"""How far a value may leave [-1, 1]: half a step of 8 bits, the rounding of short floats."""


def from_uint8(pixels: Tensor) -> Tensor:
    """Scale pixels of 0 to 255 to images in [-1, 1], float32 of the same shape."""
    return pixels.to(torch.float32, copy=True).div_(127.5).sub_(1)


def to_images(pixels: Tensor) -> Tensor:
    """Images `(N, C, H, W)` in [-1, 1], channels last in memory, of uint8 `(N, H, W, C)`."""
    return from_uint8(pixels.permute(0, 3, 1, 2))


def to_uint8(images: Tensor) -> Tensor:
    """Round images in [-1, 1] to pixels of 0 to 255, uint8 of the same shape; clamp the rest."""
    return images.float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)


def checked_uint8(images: Tensor) -> Tensor:
    """Round images that a user gives to uint8; uint8 images pass unchanged.

    It warns if no value is negative, as images in [0, 1] would be taken for pale ones.

    Args:
        images: `(N, C, H, W)`, uint8 or in [-1, 1].

    Raises:
        UsageError: they have another shape, type or range, or a value is not finite.
    """
    # Shape and type.
    if images.ndim != 4 or not images.numel():
        raise UsageError(f"images are (N, C, H, W); got a tensor of shape {tuple(images.shape)}")
    if images.dtype == torch.uint8:
        return images
    if not images.is_floating_point():
        raise UsageError(
            f"images are uint8, or floats in [-1, 1]; got {images.dtype}. If they lie in "
            "[0, 255], convert them with images.to(torch.uint8)"
        )

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
