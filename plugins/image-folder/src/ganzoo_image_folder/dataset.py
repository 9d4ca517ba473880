"""A folder of images, flat or with one folder for each class."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

import ganzoo
from ganzoo_image_folder.options import ImageFolderOptions

SIZE = 64
"""Default training size in pixels: a folder has no size of its own."""

UNREADABLE = ("BUFR", "GRIB", "HDF5", "MPEG")
"""Formats that Pillow registers but cannot decode; such files are data, not images."""


class ImageFolder(ganzoo.Dataset):
    """Images directly in the folder have no labels; otherwise each subfolder is a class.

    Folders are searched recursively, in alphabetical order. Files without an image extension and
    hidden files are ignored.
    """

    options: ImageFolderOptions

    def __init__(self, options: ImageFolderOptions) -> None:
        super().__init__(options)

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """All images of the folder, as the split `"train"`."""
        if split != "train":
            raise ganzoo.UsageError(
                f"a folder has no split '{split}', only train; use another folder for it"
            )
        path = self.options.path
        if not path.is_dir():
            what = "is a file, not a folder" if path.exists() else "does not exist"
            raise ganzoo.DataError(f"{path} {what}; set data.path to a folder of images")
        images, classes = find_images(path)
        if not images:
            raise ganzoo.DataError(
                f"{path} holds no images; they end in .png, .jpg, .webp, .bmp, .tif, …"
            )
        grey = all(_is_grey(path) for path, _ in images[:16])
        return ganzoo.ImageSource(
            Files(images),
            ganzoo.ImageSpec(1 if grey else 3, SIZE, SIZE, num_classes=len(classes)),
            class_names=classes,
            fingerprint=_fingerprint(images),
            locate=lambda index: str(images[index][0]),
        )


class Files(Sequence[tuple[Image.Image, int]]):
    """Images, opened on access."""

    def __init__(self, images: list[tuple[Path, int]]) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:  # type: ignore[override]
        path, label = self.images[index]
        # by file object, not by name: Pillow memory-maps named files, and rotated TIFFs wrongly
        with path.open("rb") as file, Image.open(file) as image:
            image.load()
            return image, label


def find_images(folder: Path) -> tuple[list[tuple[Path, int]], tuple[str, ...]]:
    """Paths with labels, and the class names; no classes for a flat folder."""
    flat = [path for path in sorted(folder.iterdir()) if _is_image(path)]
    if flat:
        return [(path, 0) for path in flat], ()
    below = {sub.name: _below(sub) for sub in sorted(folder.iterdir()) if sub.is_dir()}
    classes = tuple(name for name, paths in below.items() if paths and not name.startswith("."))
    images = [(path, k) for k, name in enumerate(classes) for path in below[name]]
    return images, classes


def _below(folder: Path) -> list[Path]:
    """Images in a folder and its subfolders; symlinked folders are not followed, so no loops."""
    images: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        images += [path for name in names if _is_image(path := Path(root) / name)]
    return sorted(images)


def _is_image(path: Path) -> bool:
    kind = Image.registered_extensions().get(path.suffix.lower())
    readable = kind in Image.OPEN and kind not in UNREADABLE
    return readable and not path.name.startswith(".") and path.is_file()


def _is_grey(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return image.mode in ("1", "L", "LA") or image.mode.startswith("I")
    except Exception:  # unreadable images are reported when all are decoded
        return True


def _fingerprint(images: list[tuple[Path, int]]) -> str:
    """Changes when a file is added, removed or written."""
    digest = hashlib.sha256()
    for path, label in images:
        status = path.stat()
        digest.update(os.fsencode(path))  # a name need not be UTF-8
        digest.update(f"\0{label}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
