"""IDX files, gzipped or not: the format of MNIST (http://yann.lecun.com/exdb/mnist).

torchvision's reader takes neither gzipped files nor files with unknown checksums.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

import ganzoo

UINT8 = 0x08


def find(folder: Path, stem: str) -> Path:
    """The file of this name in a folder, plain or gzipped.

    Raises:
        DataError: neither exists.
    """
    for name in (stem, f"{stem}.gz"):
        if (folder / name).is_file():
            return folder / name
    raise ganzoo.DataError(f"{folder} holds neither {stem} nor {stem}.gz")


def read(path: Path) -> npt.NDArray[np.uint8]:
    """The array of unsigned bytes in an IDX file.

    Raises:
        DataError: the file cannot be read, is no IDX file, or is truncated.
    """
    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if gzipped else path.open("rb") as stream:
            content = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        raise ganzoo.DataError(f"cannot read {path}: {error}") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UINT8 or not content[3]:
        raise ganzoo.DataError(f"{path} is no IDX file of unsigned bytes")
    dimensions = content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ganzoo.DataError(f"{path} is truncated: its header is incomplete")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise ganzoo.DataError(
            f"{path} is damaged: its header declares {'x'.join(map(str, shape))} bytes, and it "
            f"holds {len(content) - start}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def encode(array: npt.NDArray[np.uint8]) -> bytes:
    """The content of an IDX file that holds an array."""
    header = struct.pack(f">HBB{array.ndim}I", 0, UINT8, array.ndim, *array.shape)
    return header + array.tobytes()
