"""The folder of an image store in the cache: built once, then memory-mapped by every process.

    images.u8       pixels, (N, H, W, C)
    labels.i64      labels, zeros without any; of vectors, labels.f32
    checksums.u32   CRC-32 of each block of images
    store.json      number of images, what they are, unreadable images, checksums of the other files

If images are conditioned on pictures, these are in pictures.u8 and pictures-checksums.u32.
It is built under a lock in a temporary folder and then renamed, so it is never seen half-built.
"""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import warnings
import zlib
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.checksums import ChecksumBuilder, Verifier
from ganzoo.data.conditions import Array, array_type
from ganzoo.data.reading import Progress, read
from ganzoo.errors import DataError, GanzooWarning
from ganzoo.files import building_folder, locked
from ganzoo.interfaces.dataset import ImageSource, ImageSpec

AT_ONCE = 2**29
"""Bytes up to which a store is verified when it is opened (0.15 s); a larger one, as it is used."""

IMAGES, CHECKSUMS, ABOUT = "images.u8", "checksums.u32", "store.json"
PICTURES, PICTURE_CHECKSUMS = "pictures.u8", "pictures-checksums.u32"
LABELS = {"<i8": "labels.i64", "<f4": "labels.f32"}
"""The files of labels and vectors, by their type."""


class Opened(NamedTuple):
    """The content of a store: memory-mapped images, conditions, and what verifies the pixels."""

    images: Tensor
    labels: Tensor
    verifiers: tuple[Verifier, ...]


def open_or_build(
    folder: Path,
    identity: str,
    source: ImageSource,
    spec: ImageSpec,
    skip_bad_images: bool,
    progress: Progress | None,
) -> Opened:
    """Open the store in a folder; build it first if it is not there, or damaged.

    Args:
        folder: of the store.
        identity: JSON of everything that determines its content.
        source: the opened dataset.
        spec: shape to decode to.
        skip_bad_images: leave unreadable images out.
        progress: called with the number of decoded images and of all images.

    Raises:
        OSError: it cannot be written.
        GanzooError: it cannot be locked.
    """
    # Open it without a lock: a shared cache may be read-only.
    store = _open(folder, spec)
    if store is not None:
        return store

    # Build it, unless another process has done so meanwhile.
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_suffix(".lock"), advice="Set GANZOO_CACHE_DIR to another directory"):
        store = _open(folder, spec)
        if store is None:
            if (folder / ABOUT).exists():
                message = f"the image store {folder} is damaged, or of an earlier version; "
                warnings.warn(GanzooWarning(message + "decoding its images again"), stacklevel=4)
            for leftover in (folder, *folder.parent.glob(f".{folder.name}.*")):
                shutil.rmtree(leftover, ignore_errors=True)
            _build(folder, identity, source, spec, skip_bad_images, progress)
            store = _open(folder, spec)
    if store is None:
        raise DataError(f"the image store {folder} was changed while it was built")
    return store


def discard(folder: Path) -> str:
    """Make a damaged store one that is built again, and return what happens next."""
    try:
        (folder / ABOUT).unlink()
    except OSError:
        return f"Remove {folder}, or set GANZOO_CACHE_DIR to another directory"
    return "The next start decodes the images again"


def _build(
    folder: Path,
    identity: str,
    source: ImageSource,
    spec: ImageSpec,
    skip_bad_images: bool,
    progress: Progress | None,
) -> None:
    """Decode all images into a temporary folder and rename it."""
    unreadable: list[str] = []
    labels: list[Array] = []
    kind, one = array_type(spec)
    with building_folder(folder) as temporary:
        # Pixels.
        with ExitStack() as files:
            images = files.enter_context(_Arrays(temporary / IMAGES, math.prod(spec.shape)))
            pictures = None
            if kind not in LABELS:
                pictures = files.enter_context(_Arrays(temporary / PICTURES, math.prod(one)))
            for pixels, condition in read(
                source,
                spec,
                skip_bad_images=skip_bad_images,
                unreadable=unreadable,
                progress=progress,
            ):
                images.add(pixels)
                if pictures is None:
                    labels.append(condition)
                else:
                    pictures.add(condition)

        # Labels and checksums.
        contents = {CHECKSUMS: images.checksums()}
        if pictures is None:
            contents[LABELS[kind]] = np.asarray(labels, dtype=kind).tobytes()
        else:
            contents[PICTURE_CHECKSUMS] = pictures.checksums()
        for name, content in contents.items():
            with (temporary / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

        # Description.
        about = {
            "count": images.count,
            "bad": unreadable,
            "identity": json.loads(identity),
            "checksums": {name: zlib.crc32(content) for name, content in contents.items()},
        }
        (temporary / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")


class _Arrays:
    """Writes arrays of one size into a file, one after the other, and flushes it to the disk.

    It does not write to a memory map: on a full disk that crashes the process.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._file, self._builder, self.count = path.open("wb"), ChecksumBuilder(size), 0

    def __enter__(self) -> Self:
        return self

    def add(self, array: Array) -> None:
        """Write the next array."""
        data = array.tobytes()
        self._file.write(data)
        self._builder.add(data)
        self.count += 1

    def __exit__(self, error: type[BaseException] | None, *details: object) -> None:
        with self._file:
            if error is None:
                self._file.flush()
                os.fsync(self._file.fileno())

    def checksums(self) -> bytes:
        """Return the checksums of all blocks."""
        return self._builder.checksums().tobytes()


def _open(folder: Path, spec: ImageSpec) -> Opened | None:
    """Open a store; None if there is none or it is damaged."""
    try:
        # Description, labels and checksums.
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        count, (kind, one) = int(about["count"]), array_type(spec)
        small = (CHECKSUMS, LABELS.get(kind, PICTURE_CHECKSUMS))
        contents = {name: (folder / name).read_bytes() for name in small}
        if {name: zlib.crc32(content) for name, content in contents.items()} != about["checksums"]:
            return None

        # Images and pictures.
        shape = (spec.height, spec.width, spec.channels)
        images, verifier = _mapped(folder / IMAGES, (count, *shape), contents[CHECKSUMS])
        verifiers = [verifier]
        if kind in LABELS:
            stored = np.frombuffer(contents[LABELS[kind]], dtype=kind)
            labels = torch.from_numpy(stored.reshape(count, *one).copy())
        else:
            checksums = contents[PICTURE_CHECKSUMS]
            labels, verifier = _mapped(folder / PICTURES, (count, *one), checksums)
            verifiers.append(verifier)
        small_enough = images.nbytes + labels.nbytes <= AT_ONCE
        if small_enough and any(v.first_damaged() is not None for v in verifiers):
            return None
    except PermissionError:  # of another user, whose store is not to be replaced
        raise
    except (OSError, ValueError, KeyError, TypeError):
        return None

    # Note its use, for `ganzoo cache`.
    with suppress(OSError):
        os.utime(folder / ABOUT)
    warn_of_unreadable(about.get("bad", []))
    return Opened(images, labels, tuple(verifiers))


def _mapped(file: Path, shape: tuple[int, ...], checksums: bytes) -> tuple[Tensor, Verifier]:
    """Memory-map pixels `(N, H, W, C)`, with what verifies them.

    Raises:
        ValueError: the file has another size.
    """
    if file.stat().st_size != math.prod(shape):
        raise ValueError(f"{file} has not the size of {shape}")
    pixels = _memory_map(file, shape)
    return pixels, Verifier(pixels, np.frombuffer(checksums, dtype="<u4"))


def _memory_map(file: Path, shape: tuple[int, ...]) -> Tensor:
    """Memory-map a file as a uint8 tensor: the system loads pages on use and may drop them."""
    try:
        # copy on write: torch requires writable memory, and writes do not reach the file
        return torch.from_numpy(np.memmap(file, np.uint8, "c", shape=shape))
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
    with warnings.catch_warnings():  # the system reserves no memory for copies of so large a file
        warnings.filterwarnings("ignore", ".*not writable")
        return torch.from_numpy(np.memmap(file, np.uint8, "r", shape=shape))


def warn_of_unreadable(unreadable: list[str]) -> None:
    """Warn of images that were left out, if there are any."""
    if unreadable:
        message = (
            f"{len(unreadable)} unreadable image(s) are left out, the first is {unreadable[0]}"
        )
        warnings.warn(GanzooWarning(message), stacklevel=4)
