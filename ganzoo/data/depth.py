"""Depth: which of its 16 bits an image file uses.

Cameras and scanners often store 10, 12 or 14 bits in 16. Divided by 65,535 such an image is black.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile

SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N", "I")
"""Modes in which Pillow keeps 16 bits."""

BITS = "ganzoo.bits"
"""Key of `Image.info`: the samples of a 16-bit image lie in the range of so many bits."""

HIGH_BYTE = "ganzoo.high_byte"
"""Key of `Image.info`: of each 16-bit sample Pillow kept the high byte. It does so for colour."""

_MAX_SAMPLE_VALUE = 281  # a tag of TIFF without a name in Pillow


def load_file(path: str | Path, bits: int | None = None) -> Image.Image:
    """Load an image file; `info[BITS]` is the depth of 16-bit samples if it is known.

    Args:
        path: of the file.
        bits: used by 16-bit samples; if None, as the file says.
    """
    # by file object, not by name: Pillow memory-maps named files, and rotated TIFFs wrongly
    with Path(path).open("rb") as file, Image.open(file) as image:
        deep, declared = is_deep(image), declared_bits(image)
        image.load()
        if deep and image.mode not in SIXTEEN_BIT:
            image.info[HIGH_BYTE] = True
        elif deep and (bits or declared):
            image.info[BITS] = bits or _range(image, declared or 16)
        return image


def is_deep(image: Image.Image) -> bool:
    """Return whether the file of an image that is not loaded yet has 16 bits a sample."""
    tiles = image.tile if isinstance(image, ImageFile) else ()
    return image.mode in SIXTEEN_BIT or any(";16" in str(tile[3]) for tile in tiles)


def declared_bits(image: Image.Image) -> int | None:
    """Return how many of 16 bits a file says it uses; None if it does not say.

    A PNG says it by a chunk sBIT, a TIFF by its tag BitsPerSample, or MaxSampleValue if that is
    the end of a range (4,095) and not just the largest value of the image.
    """
    if not is_deep(image):
        return None
    bits = 16
    if isinstance(image, PngImageFile):
        bits = max(_significant_bits(image), default=16)
    elif isinstance(image, TiffImageFile):
        top = max(image.tag_v2.get(_MAX_SAMPLE_VALUE, (0,)))
        bits = max(image.tag_v2.get(BITSPERSAMPLE, (16,)))
        if bits == 16 and top > 255 and not top & (top + 1):
            bits = int(top).bit_length()
    return bits if 8 < bits < 16 else None


def largest_sample(image: Image.Image) -> int:
    """Return the largest sample of a loaded 16-bit image; 0 if its depth is known or 8 bits."""
    if BITS in image.info or not (HIGH_BYTE in image.info or image.mode in SIXTEEN_BIT):
        return 0
    top = int(np.asarray(image.convert("RGB") if HIGH_BYTE in image.info else image).max())
    return top * 257 if HIGH_BYTE in image.info else top


def _range(image: Image.Image, bits: int) -> int:
    """Return the bits of the range of the samples: `bits`, or 16 if a PNG is scaled to 16.

    The PNG standard scales samples to 16 bits, so that the lowest bits of a dark image are 0. Not
    every program does.
    """
    if image.format != "PNG":
        return bits
    samples = np.asarray(image).astype(np.int64)
    fits = samples.max() < 2**bits
    return bits if fits and (samples & (2 ** (16 - bits) - 1)).any() else 16


def _significant_bits(image: PngImageFile) -> bytes:
    """Return the chunk sBIT of a PNG, one byte a channel; empty without one. Pillow skips it."""
    assert image.fp is not None
    position = image.fp.tell()
    image.fp.seek(8)
    while len(start := image.fp.read(8)) == 8:
        length, name = struct.unpack(">I4s", start)
        if name in (b"sBIT", b"IDAT"):  # it comes before the pixels
            break
        image.fp.seek(length + 4, 1)
    chunk = image.fp.read(min(length, 4)) if start[4:] == b"sBIT" else b""
    image.fp.seek(position)
    return chunk
