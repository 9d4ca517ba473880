"""LSUN's databases: each category of each split is an LMDB folder of encoded images.

torchvision's reader is not used: it pickles the keys into the working directory, under a name that
folders share whose paths differ by digits alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

import ganzoo
from ganzoo_torchvision.options import LSUNOptions

if TYPE_CHECKING:
    import lmdb

SPLITS = ("train", "val")


class LSUN(ganzoo.Dataset):
    """Scenes and objects; about 3 million bedrooms, 126,227 churches, 1.7 million cats."""

    options: LSUNOptions

    def __init__(self, options: LSUNOptions | None = None) -> None:
        super().__init__(options or LSUNOptions())

    @property
    def root(self) -> Path:
        """Folder of the databases."""
        return self.options.root or ganzoo.cache_dir() / "datasets"

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """Open the chosen categories; labels follow their order, one category has none.

        Raises:
            DataError: a database is missing or cannot be read.
            UsageError: there is no such split, or lmdb is not installed.
        """
        if split not in SPLITS:
            raise ganzoo.UsageError(f"no split '{split}' of lsun; there are {', '.join(SPLITS)}")
        with ganzoo.importing("lsun", "lmdb"):
            import lmdb
        classes = self.options.classes
        folders = [self._folder(name, split) for name in classes]
        try:
            images = EncodedImages(folders)
        except lmdb.Error as error:
            raise ganzoo.DataError(f"lsun cannot be read: {error}. Unpack it again") from None
        labelled = len(classes) > 1
        return ganzoo.ImageSource(
            images,
            ganzoo.ImageSpec(3, 64, 64, num_classes=len(classes) if labelled else 0),
            class_names=classes if labelled else (),
            fingerprint=ganzoo.content_fingerprint([folder / "data.mdb" for folder in folders]),
            locate=images.locate,
        )

    def _folder(self, category: str, split: str) -> Path:
        """The folder of a category: scenes have splits; objects have none, and are for training."""
        names = [f"{category}_{split}_lmdb"] + [f"{category}_lmdb"] * (split == "train")
        found = [self.root / name for name in names if (self.root / name / "data.mdb").is_file()]
        if not found:
            raise ganzoo.DataError(
                f"lsun's {category} was not found: there is no {' or '.join(names)} with a "
                f"data.mdb in {self.root}. Download and unzip it; data.root sets another folder"
            )
        return found[0]


class EncodedImages(Sequence[tuple[Image.Image, int]]):
    """Images of several databases, in the order of their keys, each with its database's number."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders
        self.keys = [_keys(folder) for folder in folders]
        self.ends = list(accumulate(map(len, self.keys)))

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:  # type: ignore[override]
        folder, key = self._place(index)
        with _database(self.folders[folder]).begin() as reading:
            return Image.open(BytesIO(reading.get(key, b""))), folder

    def locate(self, index: int) -> str:
        """Where an image is, for messages."""
        folder, key = self._place(index)
        return f"{self.folders[folder]}, key {key.decode()}"

    def _place(self, index: int) -> tuple[int, bytes]:
        """The number of an image's database, and its key there."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        folder = bisect_right(self.ends, index)
        keys = self.keys[folder]
        return folder, bytes(keys[index - self.ends[folder] + len(keys)])


def _keys(folder: Path) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
    """Every key of a database; an array takes less memory than a list of millions."""
    with _database(folder).begin() as reading:
        return np.array(list(reading.cursor().iternext(keys=True, values=False)), dtype=np.bytes_)


@cache
def _database(folder: Path) -> lmdb.Environment:
    """A database, opened once in a process, as LMDB requires; forked workers may go on reading."""
    import lmdb

    return lmdb.open(str(folder), readonly=True, lock=False, readahead=False)
