"""Images in a NumPy file: one array, or an archive of images, labels and splits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import ganzoo
from ganzoo_numpy import choosing, files
from ganzoo_numpy.files import Array, Header
from ganzoo_numpy.images import ArrayImages, numbered
from ganzoo_numpy.options import NumpyOptions

RANGES = ((0, 1, "[0, 1]"), (-1, 1, "[-1, 1]"), (0, 255, "[0, 255]"))
"""Ranges that images have, and how they are declared; the first that fits is proposed."""


class NumpyFile(ganzoo.Dataset):
    """Images of an array, with labels of another one if there is one."""

    options: NumpyOptions

    def __init__(self, options: NumpyOptions) -> None:
        super().__init__(options)

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """Open the file; splits are words in the names of an archive's arrays.

        Raises:
            DataError: the file is missing or damaged, or its arrays are not clear.
            UsageError: it has no such split.
        """
        # Arrays.
        options, path = self.options, self.options.path
        if split not in choosing.SPLITS:
            choosing.of_split({}, split, path)
        whole = files.headers(path)
        arrays = choosing.of_split(whole, split, path)
        name = choosing.images_of(arrays, options)
        header = arrays[name]
        files.refuse_objects(path, name, header)
        layout = choosing.layout_of(header.shape, options)
        if not header.shape[0]:
            raise ganzoo.DataError(f"{path} has no images: its shape is {header.shape}")

        # Labels.
        labels, names, origin = self._labels(whole, arrays, name, split)
        images = ArrayImages(path, name, header, layout, labels, options.value_range)
        _check_range(images)

        channels = header.shape[layout.index("C")] if "C" in layout else 1
        height, width = (header.shape[layout.index(axis)] for axis in "HW")
        beside = [path.parent / origin] if whole.keys() == {""} and origin else []
        return ganzoo.ImageSource(
            images,
            ganzoo.ImageSpec(channels, height, width, num_classes=len(names)),
            class_names=names,
            fingerprint=ganzoo.content_fingerprint([path, *beside], names),
            locate=images.locate,
            description=_description(images, split, whole, origin),
        )

    def _labels(
        self, whole: Mapping[str, Header], arrays: Mapping[str, Header], images: str, split: str
    ) -> tuple[list[int] | None, tuple[str, ...], str | None]:
        """The labels of a split, the names of classes, and the array or file they are from.

        Classes are those of all splits, so that one has the same number in each.

        Raises:
            DataError: the labels are not clear, or not as many as images.
        """
        # A file beside the images.
        path, count = self.options.path, arrays[images].shape[0]
        if whole.keys() == {""}:
            origin = None if self.options.labels == "none" else self.options.labels
            found = {} if origin is None else {split: _beside(path.parent / origin)}
        # Arrays of the same file.
        else:
            origin, found = choosing.labels_of(arrays, images, self.options), {}
            if origin is not None:
                named = {split: origin, **_counterparts(whole, origin, split)}
                found = {s: files.read(path, key, whole[key]) for s, key in named.items()}
        if origin is None:
            return None, (), None

        # Their numbers.
        if found[split].shape[:1] != (count,):
            raise ganzoo.DataError(
                f"{path} has {count:,} images, and '{origin}' {len(found[split]):,} labels"
            )
        numbers, names = numbered(list(found.values()), f"'{origin}' of {path}")
        return numbers[list(found).index(split)].tolist(), names, origin


def _beside(path: Path) -> Array:
    """The array of a .npy file of labels.

    Raises:
        DataError: the file is missing, or no such file.
    """
    headers = files.headers(path)
    if headers.keys() != {""}:
        raise ganzoo.DataError(f"{path} is an archive, and labels are in a .npy file")
    return files.read(path, "", headers[""])


def _counterparts(whole: Mapping[str, Header], labels: str, split: str) -> dict[str, str]:
    """The arrays of labels of the other splits, whose names differ in the word of the split."""
    others = [other for other in choosing.splits_of(whole) if other != split]
    named = {o: choosing.in_split(choosing.of_split(whole, o, Path()), labels) for o in others}
    return {other: key for other, key in named.items() if key is not None}


def _check_range(images: ArrayImages) -> None:
    """Refuse images that are not uint8 and whose range is not declared.

    Raises:
        DataError: the range seen, and how to declare it.
    """
    dtype = images.header.dtype
    if dtype.kind not in "uifb":
        raise ganzoo.DataError(f"{images.path} holds {dtype}, and images are numbers")
    if dtype != "uint8" and images.value_range is None:
        low, high = images.range_seen()
        if not math.isfinite(high - low):
            raise ganzoo.DataError(f"the images of {images.path} have values that are not finite")
        fitting = [text for least, most, text in RANGES if least <= low and high <= most]
        advice = fitting[0] if fitting else f"[{min(low, 0):g}, {high:g}]"
        raise ganzoo.DataError(
            f"the images of {images.path} are {dtype}, and those looked at lie in [{low:.4g}, "
            f"{high:.4g}]; say which values are black and white, such as data.value_range={advice}"
        )


def _description(
    images: ArrayImages, split: str, whole: Mapping[str, Header], origin: str | None
) -> str:
    """What was found and chosen, in a line."""
    name = f"images in '{images.name}', " if images.name else ""
    labels = f"labels in '{origin}'" if origin else "no labels"
    splits = choosing.splits_of(whole)
    others = f"; splits {', '.join(splits)}, {split} is used" if splits else ""
    mapped = "memory-mapped" if images.header.start is not None else "compressed, so in memory"
    values = "" if images.value_range is None else " from {:g} to {:g}".format(*images.value_range)
    return (
        f"{images.path}: {name}{labels}; read as {images.layout} {images.header.shape}, "
        f"{images.header.dtype}{values}, {mapped}{others}"
    )
