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
"""Side to train at where the user asks for none: a folder has no size of its own."""

NO_PICTURES = ("BUFR", "GRIB", "HDF5", "MPEG")
"""Formats that Pillow knows by name and cannot decode; such files lie beside images as data."""


class ImageFolder(ganzoo.Dataset):
    """Images directly in the folder have no labels; else each folder in it is a class.

    Folders are searched to any depth, in alphabetical order; what does not end like an image and
    whatever begins with a dot is passed over.
    """

    def __init__(self, options: ImageFolderOptions) -> None:
        self.path = options.path

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """All of the folder, as the split `"train"`."""
        if split != "train":
            raise ganzoo.UsageError(
                f"a folder has no split '{split}', only train; name another folder for it"
            )
        if not self.path.is_dir():
            what = "is a file, not a folder" if self.path.exists() else "does not exist"
            raise ganzoo.DataError(f"{self.path} {what}; set data.path to a folder of images")
        images, classes = find_images(self.path)
        if not images:
            raise ganzoo.DataError(
                f"{self.path} holds no images; they end in .png, .jpg, .webp, .bmp, .tif, …"
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
    """Images opened when asked for."""

    def __init__(self, images: list[tuple[Path, int]]) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:  # type: ignore[override]
        path, label = self.images[index]
        # by file, not by name: Pillow maps named files into memory, turned TIFFs wrongly
        with path.open("rb") as file, Image.open(file) as image:
            image.load()
            return image, label


def find_images(folder: Path) -> tuple[list[tuple[Path, int]], tuple[str, ...]]:
    """Paths with labels, and the names of the classes; none where images lie in the folder."""
    flat = [path for path in sorted(folder.iterdir()) if _is_image(path)]
    if flat:
        return [(path, 0) for path in flat], ()
    found = {sub.name: _below(sub) for sub in sorted(folder.iterdir()) if sub.is_dir()}
    classes = tuple(name for name, paths in found.items() if paths and not name.startswith("."))
    images = [(path, k) for k, name in enumerate(classes) for path in found[name]]
    return images, classes


def _below(folder: Path) -> list[Path]:
    """Images in a folder and the folders in it; links to folders are not followed, so no loops."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [path for name in names if _is_image(path := Path(root) / name)]
    return sorted(found)


def _is_image(path: Path) -> bool:
    kind = Image.registered_extensions().get(path.suffix.lower())
    readable = kind in Image.OPEN and kind not in NO_PICTURES
    return readable and not path.name.startswith(".") and path.is_file()


def _is_grey(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return image.mode in ("1", "L", "LA") or image.mode.startswith("I")
    except Exception:  # unreadable ones are listed when all are decoded
        return True


def _fingerprint(images: list[tuple[Path, int]]) -> str:
    """Changes when a file comes, goes or is written."""
    digest = hashlib.sha256()
    for path, label in images:
        status = path.stat()
        digest.update(os.fsencode(path))  # a name need not be UTF-8
        digest.update(f"\0{label}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
