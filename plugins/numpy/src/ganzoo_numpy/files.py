"""Files: arrays of .npy and .npz, memory-mapped where they are not compressed. No pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

import ganzoo

Array = NDArray[Any]
Result = TypeVar("Result")

OBJECTS = (
    "holds Python objects, which ganzoo does not unpickle; save an array of numbers, like "
    "numpy.stack(images)"
)


class Header(NamedTuple):
    """What the start of an array in a file says; `start` is where its numbers begin.

    Attributes:
        shape: of the array.
        dtype: of its numbers.
        fortran: whether the first axis is the densest.
        start: position of the numbers in the file; None if they are compressed.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    start: int | None


def headers(path: Path) -> dict[str, Header]:
    """The arrays of a file by name; that of a .npy file has the name `""`.

    Raises:
        DataError: the file is missing, damaged or of another kind.
    """
    if not path.is_file():
        there = "is a folder" if path.is_dir() else "is not there"
        raise ganzoo.DataError(f"{path} {there}; data.path is a .npy or .npz file")
    return _reading(path, lambda: _headers(path))


def read(path: Path, name: str, header: Header) -> Array:
    """An array of a file, memory-mapped if it is not compressed.

    Raises:
        DataError: it holds Python objects, or the file is damaged.
    """
    refuse_objects(path, name, header)
    return _reading(path, lambda: _array(path, name, header))


def refuse_objects(path: Path, name: str, header: Header) -> None:
    """Refuse an array of Python objects, which is a pickle.

    Raises:
        DataError: it is one.
    """
    if header.dtype.hasobject:
        raise ganzoo.DataError(f"{path}{f', {name},' if name else ''} {OBJECTS}")


def _reading(path: Path, function: Callable[[], Result]) -> Result:
    """Call a function that reads a file; whatever it raises is the file's fault."""
    try:
        return function()
    except ganzoo.GanzooError:
        raise
    except Exception as error:  # of zipfile, zlib, numpy and the system
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ganzoo.DataError(f"cannot read {path} as a .npy or .npz file: {reason}") from None


def _headers(path: Path) -> dict[str, Header]:
    # One array.
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            return {"": _header(file, 0)}

    # An archive; each member has a header of zip before that of the array.
    found = {}
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            name = member.filename.removesuffix(".npy")
            if member.compress_type != zipfile.ZIP_STORED:
                with archive.open(member) as stream:
                    found[name] = _header(stream, None)
                continue
            file.seek(member.header_offset + 26)
            lengths = np.frombuffer(file.read(4), "<u2")
            start = member.header_offset + 30 + int(lengths.sum())
            file.seek(start)
            found[name] = _header(file, start)
    return found


def _header(file: Any, start: int | None) -> Header:
    """Read the header of an array, to the end of which the file is moved."""
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:  # 3.0 is of structured arrays with names outside Latin-1
        raise ValueError(f"version {version} of the format is not one of images")
    shape, fortran, dtype = readers[version](file)
    return Header(shape, dtype, fortran, None if start is None else file.tell())


def _array(path: Path, name: str, header: Header) -> Array:
    order: Any = "F" if header.fortran else "C"
    if header.start is None:
        with np.load(path, allow_pickle=False) as archive:
            array: Array = archive[name]
        return array
    return np.memmap(path, header.dtype, "r", header.start, header.shape, order)
