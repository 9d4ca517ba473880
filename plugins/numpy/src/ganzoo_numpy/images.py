"""Images of an array by number, and the numbers of its labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import ganzoo
from ganzoo_numpy import files
from ganzoo_numpy.files import Array, Header

PROBED = 256
"""Images whose range is looked at, spread over the array."""


class ArrayImages(Sequence[tuple[Tensor, int]]):
    """Images of an array with their labels.

    Args:
        path: of the file.
        name: of the array in it.
        header: of the array.
        layout: its axes, `"NHW"`, `"NHWC"` or `"NCHW"`.
        labels: one for each image; None for no labels.
        value_range: the values of black and white; None for uint8.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        header: Header,
        layout: str,
        labels: Sequence[int] | None,
        value_range: tuple[float, float] | None,
    ) -> None:
        self.path, self.name, self.header, self.layout = path, name, header, layout
        self.labels, self.value_range = labels, value_range
        self.array: Array = files.read(path, name, header)

    def __getstate__(self) -> dict[str, Any]:
        """Without the array: a worker process maps the file itself."""
        return {key: value for key, value in vars(self).items() if key != "array"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.array = files.read(self.path, self.name, self.header)

    def __len__(self) -> int:
        return self.header.shape[0]

    def __getitem__(self, index: int) -> tuple[Tensor, int]:  # type: ignore[override]
        image = torch.from_numpy(self._row(index))
        image = {"NHW": image[None], "NHWC": image.movedim(-1, 0)}.get(self.layout, image)
        if self.value_range is not None:
            image = ganzoo.to_uint8(image, self.value_range)
        return image, 0 if self.labels is None else int(self.labels[index])

    def locate(self, index: int) -> str:
        """Where an image is, for messages."""
        return f"{self.path}, {f'{self.name} ' if self.name else ''}row {index}"

    def range_seen(self) -> tuple[float, float]:
        """The lowest and highest value of some images."""
        rows = np.linspace(0, len(self) - 1, min(PROBED, len(self))).astype(int)
        some = [self._row(int(row)) for row in rows]
        return min(float(row.min()) for row in some), max(float(row.max()) for row in some)

    def _row(self, index: int) -> Array:
        """A copy of one image, in a type that torch has."""
        row = np.array(self.array[index], order="C")
        if row.dtype == np.uint8:
            return row
        return row.astype(np.float64 if row.dtype.itemsize > 2 else np.float32)


def numbered(labels: Sequence[Array], place: str) -> tuple[list[Array], tuple[str, ...]]:
    """Labels of several splits as numbers of classes, and the names of the classes in order.

    Args:
        labels: of each split, integers or text, `(N,)` or `(N, 1)`.
        place: of them, for messages.

    Raises:
        DataError: they are something else.
    """
    # Type and shape.
    flat = []
    for array in labels:
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise ganzoo.DataError(
                f"{place} has {array.shape[-1]} numbers an image, and a label is one; of one-hot "
                "rows save labels.argmax(1), or say data.labels=none"
            )
        if array.dtype.kind not in "iubU":
            raise ganzoo.DataError(
                f"{place} is of type {array.dtype}, and labels are integers or text; save "
                "labels.astype(int), or say data.labels=none"
            )
        flat.append(array)

    # Classes.
    values, numbers = np.unique(np.concatenate(flat), return_inverse=True)
    if values.dtype.kind in "iu" and values[0] < 0:
        raise ganzoo.DataError(f"{place} has a label {values[0]}, and labels count up from 0")
    ends = np.cumsum([len(array) for array in flat])[:-1]
    return np.split(numbers.astype(np.int64), ends), tuple(map(str, values.tolist()))
