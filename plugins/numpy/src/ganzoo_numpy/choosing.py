"""Choosing: which arrays of a file are images and labels. What is not clear is refused with all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import ganzoo
from ganzoo_numpy.files import Header, refuse_objects
from ganzoo_numpy.options import NumpyOptions

SPLITS = ("train", "val", "valid", "validation", "test")
"""Words in the names of arrays that say their split: train_images, x_test."""

LABELS = {"label", "labels", "y", "class", "classes", "target", "targets"}
"""Words in the names of arrays that say that they are labels."""

CHANNELS = (1, 3, 4)
"""Numbers of channels by which the axis of channels is recognized."""


def of_split(arrays: Mapping[str, Header], split: str, path: Path) -> dict[str, Header]:
    """The arrays of a split; all of them for train if no name says a split.

    Raises:
        UsageError: there is no such split.
    """
    if split not in SPLITS:
        raise ganzoo.UsageError(f"no split '{split}'; there may be {', '.join(SPLITS)}")
    splits = splits_of(arrays)
    if split not in splits and not (split == "train" and not splits):
        there = f"there are {', '.join(splits)}" if splits else "no array's name has that word"
        raise ganzoo.UsageError(f"{path} has no split '{split}': {there}")
    return {name: header for name, header in arrays.items() if not splits or split in words(name)}


def splits_of(arrays: Mapping[str, Header]) -> list[str]:
    """The splits that names of arrays say."""
    return [split for split in SPLITS if any(split in words(name) for name in arrays)]


def words(name: str) -> list[str]:
    """The words and numbers of an array's name."""
    return re.findall(r"[a-z]+|\d+", name.lower())


def in_split(arrays: Mapping[str, Header], name: str) -> str | None:
    """The array of a name, or the one whose name says another split; None if there is none.

    Args:
        arrays: of one split.
        name: as of any split.
    """
    if name in arrays:
        return name
    found = [other for other in arrays if _in_any_split(other) == _in_any_split(name)]
    return found[0] if len(found) == 1 else None


def _named(arrays: Mapping[str, Header], name: str, path: Path) -> str:
    """The array of a name in a split.

    Raises:
        DataError: there is none.
    """
    found = in_split(arrays, name)
    if found is None:
        raise ganzoo.DataError(f"{path} has no array '{name}'; {listing(arrays)}")
    return found


def _in_any_split(name: str) -> list[str]:
    return ["*" if word in SPLITS else word for word in words(name)]


def listing(arrays: Mapping[str, Header]) -> str:
    """Arrays with their shapes and types, in words."""
    each = [f"{name} {h.dtype} {_shape(h.shape)}".strip() for name, h in arrays.items()]
    return "it holds " + (", ".join(each) or "no arrays")


def images_of(arrays: Mapping[str, Header], options: NumpyOptions) -> str:
    """The array of images: the one that is named, or the only one of 3 or 4 axes.

    Raises:
        DataError: there is none, or several.
    """
    path = options.path
    if options.images is not None:
        name = _named(arrays, options.images, path)
        if len(arrays[name].shape) not in (3, 4):
            raise ganzoo.DataError(
                f"the array '{name}' of {path} has shape {_shape(arrays[name].shape)}, and images "
                "have 3 or 4 axes"
            )
        return name
    found = [name for name, header in arrays.items() if len(header.shape) in (3, 4)]
    if len(found) != 1:
        for other, header in arrays.items() if not found else ():
            refuse_objects(path, other, header)
        advice = "; choose one by data.images" if found else ""
        raise ganzoo.DataError(
            f"{path} has {len(found) or 'no'} arrays of 3 or 4 axes, as images have{advice}; "
            f"{listing(arrays)}"
        )
    return found[0]


def labels_of(arrays: Mapping[str, Header], images: str, options: NumpyOptions) -> str | None:
    """The array of labels: the one that is named, or the only other of as many rows; None if none.

    Raises:
        DataError: there is no such array, there are several, or its name does not say labels.
    """
    # Named.
    path, count = options.path, arrays[images].shape[0]
    if options.labels == "none":
        return None
    if options.labels is not None:
        return _named(arrays, options.labels, path)

    # By its rows.
    found = [other for other, h in arrays.items() if other != images and h.shape[:1] == (count,)]
    if len(found) > 1:
        raise ganzoo.DataError(
            f"{path} has {len(found)} arrays beside '{images}' that may be labels; choose one by "
            f"data.labels, or say data.labels=none; {listing(arrays)}"
        )
    if found and not LABELS & set(words(found[0])):
        raise ganzoo.DataError(
            f"the array '{found[0]}' of {path} may be labels; say data.labels={found[0]} or "
            "data.labels=none"
        )
    return found[0] if found else None


def layout_of(shape: tuple[int, ...], options: NumpyOptions) -> str:
    """The axes of images: `"NHW"`, `"NHWC"` or `"NCHW"`.

    Raises:
        DataError: the shape can be read in two ways, or does not fit the layout that is said.
    """
    # Said.
    if options.layout is not None:
        if len(options.layout) != len(shape):
            raise ganzoo.DataError(
                f"data.layout={options.layout} has {len(options.layout)} axes, and the images of "
                f"{options.path} have shape {_shape(shape)}"
            )
        return options.layout

    # By the axes that may be channels.
    if len(shape) == 3 and shape[0] not in CHANNELS and shape[2] not in CHANNELS:
        return "NHW"
    first, last = shape[1] in CHANNELS, shape[-1] in CHANNELS
    if len(shape) == 4 and first != last:
        return "NCHW" if first else "NHWC"
    layouts = "NHWC or NCHW" if len(shape) == 4 else "NHW, or add an axis if it is one image"
    raise ganzoo.DataError(
        f"images of shape {_shape(shape)} in {options.path} do not say which axis is which; say "
        f"data.layout={layouts}"
    )


def _shape(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"
