"""Headers: sizes, modes, depths and copies of image files, without decoding them."""

from __future__ import annotations

import hashlib
import os
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IMAGELENGTH, IMAGEWIDTH, TiffImageFile

from ganzoo.data.decode import natural_channels
from ganzoo.data.depth import SIXTEEN_BIT, declared_bits, is_deep
from ganzoo.data.search import tally
from ganzoo.errors import DataError

HEAD = 4096
"""Bytes at the start of a file that are compared first to find copies."""

PROBE = 200
"""Headers read one after another, to measure how long one takes."""

SLOW = 0.0005
"""Seconds a header from which several are read at once: the files are on another computer."""

THREADS = 32
"""Files that are read at once from another computer."""

TURNED = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""


class Header(NamedTuple):
    """What the start of an image file says; `error` says why it cannot be read."""

    size: tuple[int, int] = (0, 0)
    mode: str = ""
    channels: int = 0
    bits: int | None = None
    length: int = 0
    checksum: int = 0
    error: str = ""


def read_header(path: str) -> Header:
    """Read the header of an image file; `size` is (height, width) as the image is to be seen."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(HEAD)
            file.seek(0)
            with Image.open(file) as image:
                mode = image.mode
                if is_deep(image) and mode not in SIXTEEN_BIT:
                    mode += ";16"
                return Header(
                    _seen_size(image),
                    mode,
                    natural_channels(image),
                    declared_bits(image),
                    os.fstat(file.fileno()).st_size,
                    zlib.crc32(head),
                )
    except Exception as error:  # an image reader may raise anything
        return Header(error=f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class Headers:
    """The headers of image files.

    Attributes:
        files: paths.
        headers: one for each file.
    """

    files: Sequence[str]
    headers: Sequence[Header]

    @classmethod
    def read(cls, files: Sequence[str]) -> Headers:
        """Read the headers of files.

        Raises:
            DataError: not one of them can be read.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd headers; decoding says more
            headers = list(_mapped(read_header, files))
        if files and all(header.error for header in headers):
            raise DataError(
                f"none of the {len(files):,} images can be read; the first is {files[0]}: "
                f"{headers[0].error}"
            )
        return cls(files, headers)

    @cached_property
    def sizes(self) -> Counter[tuple[int, int]]:
        """How many images have each size, (height, width)."""
        return Counter(header.size for header in self.headers if not header.error)

    @property
    def common_size(self) -> tuple[int, int]:
        """The most common size; the smallest of several."""
        most = max(self.sizes.values())
        return min((size for size, count in self.sizes.items() if count == most), key=_area)

    @cached_property
    def channels(self) -> int:
        """3 if any image is in colour, else 1."""
        return max(header.channels for header in self.headers)

    @cached_property
    def copies(self) -> list[tuple[int, int]]:
        """Pairs of indices: a file, and the first file of the same content."""
        # Group files whose length and start are the same.
        alike: dict[tuple[int, int], list[int]] = {}
        for index, header in enumerate(self.headers):
            if not header.error:
                alike.setdefault((header.length, header.checksum), []).append(index)

        # Compare the whole content within groups.
        pairs = []
        for indices in alike.values():
            first: dict[bytes, int] = {}
            for index in indices if len(indices) > 1 else ():
                original = first.setdefault(_digest(self.files[index]), index)
                if original != index:
                    pairs.append((index, original))
        return sorted(pairs)

    def describe(self) -> list[str]:
        """Return sizes, modes and depths in words, and how many are unreadable or copies."""
        # Sizes.
        sizes, common = sorted(self.sizes, key=_area), _text(self.common_size)
        notes = [f"all {common}"]
        if len(sizes) > 1:
            span = f"{_text(sizes[0])} to {_text(sizes[-1])}"
            notes = [f"{len(sizes):,} sizes (height x width), {span}, mostly {common}"]

        # Modes and depths.
        modes = Counter(header.mode for header in self.headers if not header.error)
        mixed = len({header.channels for header in self.headers if not header.error}) > 1
        notes.append(f"modes {tally(modes)}" + (", read in colour" if mixed else ""))
        depths = Counter(f"{h.bits} of 16 bits are used by" for h in self.headers if h.bits)
        notes += [f"{depth} {count:,}" for depth, count in sorted(depths.items())]
        if halved := sum(count for mode, count in modes.items() if mode.endswith(";16")):
            notes.append(f"of 16-bit colour 8 bits are read ({halved:,})")

        # Unreadable files and copies.
        if broken := [index for index, header in enumerate(self.headers) if header.error]:
            notes.append(f"unreadable: {len(broken):,}, the first is {self.files[broken[0]]}")
        if self.copies:
            copy, original = (self.files[index] for index in self.copies[0])
            notes.append(f"copies: {len(self.copies):,}, the first is {copy} of {original}")
        return notes


def _seen_size(image: Image.Image) -> tuple[int, int]:
    """Return (height, width) of an image turned by its EXIF orientation."""
    if isinstance(image, TiffImageFile):  # Pillow turns the size of these, since some version
        width, height = image.tag_v2[IMAGEWIDTH], image.tag_v2[IMAGELENGTH]
        orientation = image.tag_v2.get(ExifTags.Base.Orientation)
    else:
        width, height = image.size
        known = "exif" in image.info  # else a PNG is decoded to look for it at its end
        orientation = image.getexif().get(ExifTags.Base.Orientation) if known else None
    return (width, height) if orientation in TURNED else (height, width)


def _mapped(function: Callable[[str], Header], files: Sequence[str]) -> Iterator[Header]:
    """Apply a function to every file, to several at once if that saves time."""
    start = time.perf_counter()
    yield from map(function, files[:PROBE])
    slow = time.perf_counter() - start > SLOW * PROBE
    if not slow:  # Python's lock would make threads slower
        yield from map(function, files[PROBE:])
        return
    with ThreadPoolExecutor(THREADS) as threads:
        yield from threads.map(function, files[PROBE:])


def _digest(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _area(size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    """Order sizes by their area, and those of the same area by their height."""
    return size[0] * size[1], size


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
