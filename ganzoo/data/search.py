"""Search: every image file below a folder, and a count of all that is none.

Hidden files and folders are left out. Links are followed, except to a folder that is searched
anyway. A file is an image if Pillow decodes files of its ending; without an ending, if its content
is one.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from ganzoo.data.label_files import LABEL_FILES, read_labels
from ganzoo.errors import DataError

SYSTEM = ("__MACOSX", "@eaDir")
"""Folders that systems leave behind, with files named like the images."""

NOT_IMAGES = ("BUFR", "GRIB", "HDF5", "MPEG")
"""Formats that Pillow registers but cannot decode; such files are data, not images."""

SIGNED = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")
"""Formats that are recognized by their first bytes, for files without an ending."""

Parts = tuple[str, ...]
"""A path below a folder, split at the slashes."""


@dataclass
class Search:
    """What lies below a folder.

    Attributes:
        root: the folder.
        images: paths below it, sorted.
        label_files: likewise, of files with the name of a label file.
        links: counts of links that were followed.
        left_out: counts of everything else, by what it is.
    """

    root: Path
    images: list[Parts] = field(default_factory=list)
    label_files: set[Parts] = field(default_factory=set)
    links: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def path(self, parts: Parts) -> Path:
        """Return the whole path of an image or a folder."""
        return self.root.joinpath(*parts)

    def below(self, base: Parts) -> list[Parts]:
        """Return the images below a folder."""
        return [parts for parts in self.images if parts[: len(base)] == base]

    def tables(self, base: Parts) -> dict[str, dict[str, str] | None]:
        """Return the content of the label files in a folder; see `read_labels`."""
        names = [name for name in LABEL_FILES if (*base, name) in self.label_files]
        return {name: read_labels(self.path((*base, name))) for name in names}


def search(root: Path) -> Search:
    """Search a folder to any depth, linked folders last, each folder once.

    Raises:
        DataError: it is no folder, or cannot be read.
    """
    if not root.is_dir():
        is_file = "is a file, not a folder; unpack it if it is an archive, and"
        what = is_file if root.exists() else "does not exist;"
        raise DataError(f"{root} {what} set data.path to a folder of images")
    found, endings = Search(root), _endings()
    folders, links = deque[Parts]([()]), deque[Parts]()
    top, searched = root.resolve(), set[Path]()
    while folders or links:
        # Choose the next folder; a link may lead back to one that was searched, or above the root.
        is_link = not folders
        base = links.popleft() if is_link else folders.popleft()
        real = found.path(base).resolve()
        if real in searched or (base and top.is_relative_to(real)):
            found.left_out["link to a folder searched anyway"] += 1
            continue
        searched.add(real)
        found.links["folder"] += is_link

        # Sort its entries.
        for entry in _entries(base, found):
            parts, ending = (*base, entry.name), Path(entry.name).suffix.lower()
            if entry.name.startswith(".") or entry.name in SYSTEM:
                found.left_out["hidden"] += 1
            elif entry.is_dir():
                (links if entry.is_symlink() else folders).append(parts)
            elif not entry.is_file():
                found.left_out["broken link"] += 1
            elif entry.name in LABEL_FILES:
                found.label_files.add(parts)
            elif ending in endings or (not ending and _is_signed(entry.path)):
                found.images.append(parts)
                found.links["image"] += entry.is_symlink()
            else:
                found.left_out[ending or "file without ending"] += 1
    found.images.sort()
    return found


def tally(counts: Mapping[str, int], most: int = 12) -> str:
    """Return names with counts, the first `most` of them: `"cat 3, dog 2, and 5 more"`."""
    named = [f"{name} {count:,}" for name, count in list(counts.items())[:most]]
    more = [f"and {len(counts) - most:,} more"] if len(counts) > most else []
    return ", ".join(named + more)


def _entries(base: Parts, found: Search) -> list[os.DirEntry[str]]:
    """Return the sorted entries of a folder; none if it cannot be read."""
    try:
        with os.scandir(found.path(base)) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if not base:
            raise DataError(f"{found.root} cannot be read: {error.strerror or error}") from error
        found.left_out["unreadable folder"] += 1
        return []


def _endings() -> set[str]:
    """Return the endings of files that Pillow decodes."""
    known = Image.registered_extensions()
    return {e for e, kind in known.items() if kind in Image.OPEN and kind not in NOT_IMAGES}


def _is_signed(path: str) -> bool:
    """Return whether the content of a file is an image."""
    try:
        with Path(path).open("rb") as file, Image.open(file, formats=SIGNED):
            return True
    except Exception:  # an image reader may raise anything
        return False
