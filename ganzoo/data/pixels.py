"""Pixels of 8 bits to images in [-1, 1], and back."""

from __future__ import annotations

import torch
from torch import Tensor


def to_images(pixels: Tensor) -> Tensor:
    """Images `(N, C, H, W)` in [-1, 1], channels last in memory, of uint8 `(N, H, W, C)`."""
    return pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """Pixels in uint8 of images in [-1, 1], any shape; what lies outside is clamped."""
    return images.float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
