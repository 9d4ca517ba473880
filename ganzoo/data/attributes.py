"""Attributes: numbers of each image, from a CSV file, as a condition in place of a class.

The first line is `file,NAME,NAME,…`; each further line has the path of an image below the folder,
with slashes, and a number for each name.
"""

from __future__ import annotations

import csv
import math
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.data.finder import Found
from ganzoo.errors import DataError, shown


@dataclass(frozen=True)
class Attributes:
    """The content of a file of attributes.

    Attributes:
        names: of the attributes.
        vectors: the numbers of each image, by its path below the folder.
    """

    names: tuple[str, ...]
    vectors: dict[str, tuple[float, ...]]

    def of(self, found: Found, folder: Path, table: Path) -> tuple[Found, list[tuple[float, ...]]]:
        """Choose the images of a split that have attributes, and return these in the same order.

        Args:
            found: the images of the split.
            folder: that they were found in.
            table: the file of attributes, for messages.

        Raises:
            DataError: a file that is listed is not there, or no image of the split is listed.
        """
        # Files that are listed, and images that are not.
        names = {Path(file).relative_to(folder).as_posix(): file for file in found.files}
        missing = [n for n in self.vectors if n not in names and not (folder / n).is_file()]
        if missing:
            raise DataError(
                f"{table} lists {len(missing):,} image(s) that are not in {folder}, the first is "
                f"{missing[0]}"
            )
        kept = [name for name in names if name in self.vectors]
        if not kept:
            raise DataError(
                f"{table} lists none of the {len(names):,} images, the first is {next(iter(names))}"
            )
        unlisted = [name for name in names if name not in self.vectors]
        warnings = found.warnings
        if unlisted:
            warnings += (
                f"images without attributes are left out: {len(unlisted):,}, the first is "
                f"{unlisted[0]}",
            )

        # The images, without classes.
        note = f"attributes {', '.join(self.names[:12])}{', …' if len(self.names) > 12 else ''}"
        chosen = replace(
            found,
            files=tuple(names[name] for name in kept),
            labels=(0,) * len(kept),
            class_names=(),
            notes=(*found.notes, note),
            warnings=warnings,
        )
        return chosen, [self.vectors[name] for name in kept]


def read_attributes(path: Path) -> Attributes:
    """Read a file of attributes.

    Raises:
        DataError: it cannot be read, or a line is malformed; says which.
    """
    # Read.
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # Excel writes a mark of its own
            rows = list(csv.reader(file))
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"the attributes {path} cannot be read: {reason}") from error

    # Names.
    first = [name.strip() for name in rows[0]] if rows else []
    if len(first) < 2 or first[0] != "file":
        raise DataError(
            f"{path} begins with {shown(','.join(first))}; its first line must be file,NAME,NAME,…"
        )

    # Numbers.
    vectors: dict[str, tuple[float, ...]] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        place = f"{path}, line {number}"
        if len(row) != len(first):
            raise DataError(f"{place}: {len(row)} values, and the first line has {len(first)}")
        name = posixpath.normpath(row[0].strip().replace("\\", "/"))
        if name in vectors:
            raise DataError(f"{place}: {name} is listed twice")
        vectors[name] = _numbers(row[1:], first[1:], place)
    return Attributes(tuple(first[1:]), vectors)


def _numbers(values: Sequence[str], names: Sequence[str], place: str) -> tuple[float, ...]:
    """Convert the values of a line.

    Raises:
        DataError: one is no finite number.
    """
    numbers = []
    for name, value in zip(names, values, strict=True):
        try:
            numbers.append(float(value))
        except ValueError:
            raise DataError(f"{place}: {name} is {shown(value)}, and must be a number") from None
        if not math.isfinite(numbers[-1]):
            raise DataError(f"{place}: {name} is {value.strip()}, and must be finite")
    return tuple(numbers)
