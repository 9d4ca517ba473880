"""Columns: which of them hold images and labels. What is not clear is refused with all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ganzoo


def listing(features: Mapping[str, Any]) -> str:
    """The columns with their types, in words."""
    return "columns: " + ", ".join(f"{name} ({_type(f)})" for name, f in features.items())


def chosen_image(features: Mapping[str, Any], name: str | None, path: str) -> str:
    """The column of images: the one that is named, or the only one of type Image.

    Raises:
        DataError: there is none, or several.
    """
    images = [column for column, feature in features.items() if _is_image(feature)]
    if name is not None:
        _expect(features, name, path)
        if not is_encoded(features[name]) and array_type(features[name]) != "uint8":
            raise ganzoo.DataError(
                f"the column '{name}' of {path} is {_type(features[name])}, and images are Image, "
                f"binary (encoded files) or arrays of uint8; {listing(features)}"
            )
        return name
    if len(images) != 1:
        raise ganzoo.DataError(
            f"{path} has {len(images) or 'no'} Image columns; name the column of images by "
            f"data.image; {listing(features)}"
        )
    return images[0]


def chosen_label(
    features: Mapping[str, Any], image: str, name: str | None, path: str, kind: str
) -> str | None:
    """The column of labels: the one that is named, or the only ClassLabel; None for no labels.

    A WebDataset's column cls holds its classes. Other integers and texts may be anything, so they
    are labels if they are named.

    Raises:
        DataError: there is no such column, or it is not clear which.
    """
    # A column that is named.
    if name == "none":
        return None
    if name is not None:
        _expect(features, name, path)
        if not _may_be_label(features[name]):
            raise ganzoo.DataError(
                f"the column '{name}' of {path} is {_type(features[name])}, and labels are "
                f"ClassLabel, integers or text; {listing(features)}"
            )
        return name

    # The only one.
    classes = [column for column, feature in features.items() if hasattr(feature, "names")]
    if not classes and kind == "webdataset" and "cls" in features:
        classes = ["cls"]
    if len(classes) == 1:
        return classes[0]

    # None, or several.
    others = [c for c, f in features.items() if _may_be_label(f) and c[:2] != "__" and c != image]
    if classes or others:
        raise ganzoo.DataError(
            f"{path} has {len(classes) or 'no'} ClassLabel columns; name the column of labels by "
            f"data.label, or say data.label=none; {listing(features)}"
        )
    return None


def array_type(feature: Any) -> str:
    """The type of an array's numbers, such as `"uint8"`; empty for other columns."""
    if hasattr(feature, "shape"):  # Array2D, Array3D
        return str(feature.dtype)
    depth = 0
    while hasattr(feature, "feature"):  # lists of lists
        feature, depth = feature.feature, depth + 1
    return str(feature.dtype) if depth in (2, 3) and _is_value(feature) else ""


def is_encoded(feature: Any) -> bool:
    """Whether a column holds encoded image files: those of type Image, and binary ones."""
    return _is_image(feature) or (_is_value(feature) and "binary" in feature.dtype)


def _is_image(feature: Any) -> bool:
    return type(feature).__name__ == "Image"


def _is_value(feature: Any) -> bool:
    return type(feature).__name__ == "Value"


def _may_be_label(feature: Any) -> bool:
    numbers = ("int", "uint", "bool", "string", "large_string")
    return hasattr(feature, "names") or (_is_value(feature) and feature.dtype.startswith(numbers))


def _expect(features: Mapping[str, Any], name: str, path: str) -> None:
    if name not in features:
        raise ganzoo.DataError(f"{path} has no column '{name}'; {listing(features)}")


def _type(feature: Any) -> str:
    """A column's type in words."""
    if hasattr(feature, "names"):
        return f"ClassLabel of {len(feature.names)}"
    if _is_value(feature):
        return str(feature.dtype)
    kind = array_type(feature)
    return f"{type(feature).__name__} of {kind}" if kind else type(feature).__name__
