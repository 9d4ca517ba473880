"""Sequences of an image and its condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageOps

Pair = tuple[Image.Image, Image.Image]
"""An image, and the picture it is made of."""


class Counterparts(Sequence[Pair]):
    """Pairs of two sequences.

    Args:
        conditions: images with their labels, which are not used.
        images: likewise.
        rows: of each pair, the number of the condition and that of the image.
    """

    def __init__(self, conditions: Any, images: Any, rows: list[tuple[int, int]]) -> None:
        self.conditions, self.images, self.rows = conditions, images, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Pair:  # type: ignore[override]
        condition, image = self.rows[index]
        return self.images[image][0], self.conditions[condition][0]


class Halves(Sequence[Pair]):
    """Pairs of images that lie side by side.

    Args:
        images: of both halves, with their labels, which are not used.
        condition_left: whether the left half is the condition, and not the right one.
    """

    def __init__(self, images: Any, *, condition_left: bool) -> None:
        self.images, self.condition_left = images, condition_left

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Pair:  # type: ignore[override]
        both = ImageOps.exif_transpose(self.images[index][0])
        middle, height = both.width // 2, both.height
        left = both.crop((0, 0, middle, height))
        right = both.crop((middle, 0, 2 * middle, height))
        return (right, left) if self.condition_left else (left, right)
