"""Folder: a folder of images as the source of a dataset."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ganzoo.data.attributes import read_attributes
from ganzoo.data.depth import load_file
from ganzoo.data.finder import Found, find_images
from ganzoo.data.fingerprint import content_fingerprint
from ganzoo.data.headers import Headers
from ganzoo.data.search import tally
from ganzoo.errors import GanzooWarning
from ganzoo.interfaces.dataset import ImageSource, ImageSpec, Vector

Label = int | tuple[float, ...]
"""The class of an image, or its attributes."""


class FolderImages(Sequence[tuple[Image.Image, Label]]):
    """Images of a folder with their labels, loaded on access.

    Args:
        files: paths.
        labels: one for each file.
        description: of the folder, in one line, for people.
        sizes: how many images have each size (height, width).
        bits: used by 16-bit images; if None, as their files say.
    """

    def __init__(
        self,
        files: Sequence[str],
        labels: Sequence[Label],
        description: str,
        sizes: Counter[tuple[int, int]],
        bits: int | None,
    ) -> None:
        self.files, self.labels = files, labels
        self.description, self.sizes, self.bits = description, sizes, bits

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Image.Image, Label]:  # type: ignore[override]
        return load_file(self.files[index], self.bits), self.labels[index]


def open_folder(
    path: Path,
    split: str = "train",
    *,
    size: int | None = None,
    bits: int | None = None,
    attributes: str | Path | None = None,
) -> ImageSource:
    """Open a folder of images; a warning names decisions by which images or labels may be lost.

    Args:
        path: of the folder; `ganzoo/data/finder.py` has the rule by which it is searched.
        split: `"train"`, or `"test"` or `"val"` if the folder has folders of these names.
        size: default height and width in pixels; if None, the most common size of the images.
        bits: used by 16-bit images; if None, as their files say, else 16.
        attributes: a CSV file with numbers of each image, which take the place of its class;
            `ganzoo/data/attributes.py` has its form. A relative path is one in the folder.

    Returns:
        A source of `FolderImages`, in colour if any of the images is.

    Raises:
        DataError: no image can be read, or a label file, attributes or the classes of a split do
            not fit.
        UsageError: the folder has no such split.
    """
    # Files and their headers.
    found, condition = find_images(path, split), None
    labels: Sequence[Label] = found.labels
    if attributes is not None:
        described = read_attributes(path / attributes)
        found, labels = described.of(found, path, path / attributes)
        condition = Vector(len(described.names))
    headers = Headers.read(found.files)
    remarks = [*found.warnings, *_mislabelled(found, headers)]
    if remarks:
        warnings.warn(GanzooWarning(f"{path}: {'; '.join(remarks)}"), stacklevel=3)

    # Description.
    counts = Counter(found.class_names[label] for label in found.labels if found.class_names)
    classes = f"{len(counts):,} classes ({tally(counts)})" if counts else "no labels"
    notes = [f"{len(found.files):,} images", classes, *headers.describe(), *found.notes, *remarks]

    height, width = headers.common_size if size is None else (size, size)
    description = f"{path}: {'; '.join(notes)}"
    return ImageSource(
        FolderImages(found.files, labels, description, headers.sizes, bits),
        ImageSpec(headers.channels, height, width, len(found.class_names), condition),
        class_names=found.class_names,
        fingerprint=content_fingerprint(found.files, labels),
        locate=found.files.__getitem__,
        description=description,
    )


def _mislabelled(found: Found, headers: Headers) -> list[str]:
    """Warn of copies that are in several classes."""
    pairs = [pair for pair in headers.copies if len({found.labels[index] for index in pair}) > 1]
    if not pairs:
        return []
    copy, original = (found.files[index] for index in pairs[0])
    return [f"images in two classes: {len(pairs):,}, the first is {copy}, a copy of {original}"]
