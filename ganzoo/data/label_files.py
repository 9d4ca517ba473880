"""Label files of an image folder: StyleGAN's `dataset.json`, and `labels.csv`."""

from __future__ import annotations

import csv
import json
import posixpath
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ganzoo.errors import DataError

LABEL_FILES = ("dataset.json", "labels.csv")
"""Names of files that hold labels, beside the images or above them."""


def read_labels(path: Path) -> dict[str, str] | None:
    """Read a label file: the label of each image, by its path below the folder, with slashes.

    `dataset.json` holds `{"labels": [["00000/img.png", 6], …]}`, or null for images without labels.
    `labels.csv` begins with the line `file,label`; labels are names or numbers, other columns are
    not read.

    Returns:
        An empty dict if the file says that there are no labels; None if it is of another kind: no
        key "labels", or another first line.

    Raises:
        DataError: the file cannot be read, or its content is malformed.
    """
    # Read.
    try:
        pairs = _rows(path) if path.suffix == ".csv" else _pairs(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError, csv.Error) as error:
        raise DataError(
            f"{path} cannot be read: {error or type(error).__name__}; correct it or move it away"
        ) from error

    # Check.
    if pairs is None:
        return None
    labels: dict[str, str] = {}
    for file, label in pairs:
        if not isinstance(file, str) or type(label) not in (int, str) or not str(label).strip():
            raise DataError(
                f"{path} gives {str(file)[:80]!r} the label {str(label)[:80]!r}; a label is a "
                "whole number or a name, one for each image"
            )
        name, text = posixpath.normpath(file.replace("\\", "/")), str(label).strip()
        if labels.setdefault(name, text) != text:
            raise DataError(f"{path} gives {name} two labels: {labels[name]} and {text}")
    return labels


def class_order(labels: Iterable[str]) -> list[str]:
    """Return the different labels in order: numbers by their value, names by the alphabet."""
    distinct = sorted(set(labels))
    numeric = all(label.isdecimal() and len(label) < 20 for label in distinct)
    return sorted(distinct, key=int) if numeric else distinct


def _pairs(content: Any) -> list[tuple[Any, Any]] | None:
    """Return file and label of each image of StyleGAN's JSON; None if it is of another kind."""
    if not isinstance(content, dict) or "labels" not in content:
        return None
    labels = content["labels"] or ()
    pairs = labels.items() if isinstance(labels, dict) else labels
    return [(file, label) for file, label in pairs]


def _rows(path: Path) -> list[tuple[Any, Any]] | None:
    """Return file and label of each row of a CSV file; None if it has no such columns."""
    with path.open(newline="", encoding="utf-8-sig") as file:  # Excel writes a mark of its own
        reader = csv.DictReader(file)
        if not {"file", "label"} <= set(reader.fieldnames or ()):
            return None
        return [(row["file"], row["label"]) for row in reader]
