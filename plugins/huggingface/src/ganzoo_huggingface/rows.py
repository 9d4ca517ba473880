"""Rows: images with their labels, read by number from memory-mapped tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import ganzoo
from ganzoo_huggingface.columns import is_encoded

PROBED = 500
"""Images whose sizes and channels are looked at, spread over the split."""

SIZE = 64
"""Default training size in pixels where sizes differ, or are larger."""

Picture = Image.Image | Tensor


class Seen(NamedTuple):
    """What the headers of some images say.

    Attributes:
        looked_at: number of images.
        sizes: (height, width), and how many have it.
        channels: 3 if any of them is in colour, else 1.
    """

    looked_at: int
    sizes: Counter[tuple[int, int]]
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width to train at by default."""
        ((height, width), _), *others = self.sizes.most_common()
        if others or max(height, width) > SIZE:
            height = width = SIZE
        return self.channels, height, width

    def __str__(self) -> str:
        (height, width), count = self.sizes.most_common(1)[0]
        size = f"all {height}x{width}"
        if len(self.sizes) > 1:
            size = f"{len(self.sizes)} sizes, mostly {height}x{width} ({count})"
        kind = "grey" if self.channels == 1 else f"{self.channels} channels"
        return f"of {self.looked_at:,} images that were looked at: {size}, {kind}"


class Rows(Sequence[tuple[Picture, Any]]):
    """Images with their labels.

    Args:
        table: a `datasets.Dataset`.
        image: column of images.
        label: column of labels; None for no labels.
        numbers: of the values of the labels; None if they are numbers of classes already.
        place: of the table, for messages.
    """

    def __init__(
        self,
        table: Any,
        image: str,
        label: str | None,
        numbers: Mapping[Any, int] | None,
        *,
        place: str,
    ) -> None:
        import datasets  # type: ignore[import-untyped]

        self.whole, self.image, self.label, self.numbers = table, image, label, numbers
        self.place = place
        self.table = table.select_columns([image] if label is None else [image, label])
        self.encoded = is_encoded(table.features[image])
        if self.encoded:
            self.table = self.table.cast_column(image, datasets.Image(decode=False))

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index: int) -> tuple[Picture, Any]:  # type: ignore[override]
        row = self.table[index]
        picture, value = row[self.image], row[self.label] if self.label is not None else 0
        label = value if self.numbers is None else self.numbers.get(value)
        return (_decoded(picture) if self.encoded else _array(picture)), label

    def locate(self, index: int) -> str:
        """Where an image is, for messages: the row, and its file if it has kept a name."""
        value = self.table[index][self.image] if self.encoded else None
        name = value["path"] if value else None
        return f"{self.place}, row {index}" + (f" ({name})" if name else "")

    def look(self) -> Seen:
        """Read the headers of some images.

        Raises:
            DataError: not one of them can be read.
        """
        numbers = sorted({*np.linspace(0, len(self) - 1, min(PROBED, len(self))).astype(int)})
        sizes: Counter[tuple[int, int]] = Counter()
        channels, problem = 1, ""
        for number in map(int, numbers):
            try:
                picture = self[number][0]
            except Exception as error:  # an image reader may raise anything
                problem = problem or f"{self.locate(number)}: {type(error).__name__}: {error}"
                continue
            if isinstance(picture, Tensor):
                channels, size = max(channels, picture.shape[0]), tuple(picture.shape[1:])
            else:
                channels, size = max(channels, 1 if _grey(picture) else 3), picture.size[::-1]
            sizes[size[0], size[1]] += 1
        if not sizes:
            raise ganzoo.DataError(f"none of the images can be read; the first is {problem}")
        return Seen(sizes.total(), sizes, channels)

    def outside(self) -> list[str]:
        """Paths of images that are files beside the table and not in it."""
        import pyarrow.compute as pc  # type: ignore[import-untyped]

        if not self.encoded:
            return []
        column = self.table.data.column(self.image)
        paths = pc.struct_field(column, "path").filter(pc.struct_field(column, "bytes").is_null())
        return [path for path in paths.to_pylist() if path]


def _decoded(value: Mapping[str, Any] | None) -> Image.Image:
    """The image of a row; `datasets` would fetch one that is an address.

    Raises:
        DataError: there is none.
    """
    if value is None or (value["bytes"] is None and value["path"] is None):
        raise ganzoo.DataError("the row has no image")
    if value["bytes"] is not None:
        return Image.open(BytesIO(value["bytes"]))
    with Path(value["path"]).open("rb") as file, Image.open(file) as image:
        image.load()
        return image


def _array(value: Any) -> Tensor:
    """An array `(H, W)`, `(H, W, C)` or `(C, H, W)` as a tensor `(C, H, W)`.

    Raises:
        DataError: the row has none, or it is not clear which axis holds the channels.
    """
    if value is None:
        raise ganzoo.DataError("the row has no image")
    pixels = torch.from_numpy(np.array(value, dtype=np.uint8))
    if pixels.ndim == 2:
        return pixels[None]
    last, first = pixels.shape[-1] in (1, 3, 4), pixels.shape[0] in (1, 3, 4)
    if pixels.ndim != 3 or last == first:
        raise ganzoo.DataError(
            f"an array of shape {tuple(pixels.shape)} does not say which axis holds the channels; "
            "save it as an Image column"
        )
    return pixels.permute(2, 0, 1).contiguous() if last else pixels


def _grey(image: Image.Image) -> bool:
    return image.mode[0] in "1LI" and image.mode != "LAB"
