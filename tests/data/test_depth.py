"""Promises of depth: 16-bit images become 8-bit ones over the range that they use."""

from __future__ import annotations

import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from ganzoo import DataError, GanzooWarning, ImageSource, ImageSpec, ImageStore
from ganzoo.data.decode import to_pixels
from ganzoo.data.depth import declared_bits, load_file

GREY, COLOUR = 0, 2
"""Colour types of PNG."""


def png(values: list[int], kind: int = GREY, bits: int = 16, chunks: tuple = ()) -> bytes:
    """A PNG file of one row, written by its standard (ISO/IEC 15948)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        length, checksum = struct.pack(">I", len(data)), struct.pack(">I", zlib.crc32(name + data))
        return length + name + data + checksum

    per_pixel = 3 if kind == COLOUR else 1
    row = np.repeat(np.array(values, f">u{bits // 8}"), per_pixel).tobytes()
    header = struct.pack(">IIBBBBB", len(values), 1, bits, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunk(name, data) for name, data in chunks)
        + chunk(b"IDAT", zlib.compress(b"\0" + row))
        + chunk(b"IEND", b"")
    )


def tiff(data: bytes, width: int, bits: int, *more: tuple[int, int]) -> bytes:
    """A TIFF file of one row of grey, written by its standard (TIFF 6.0)."""
    tags = dict.fromkeys((257, 259, 262, 277, 278), 1) | {256: width, 258: bits, 279: len(data)}
    tags |= dict(more)
    tags[273] = 8 + 2 + 12 * (len(tags) + 1) + 4
    entries = b"".join(struct.pack("<HHII", t, 4, 1, tags[t]) for t in sorted(tags))
    count = struct.pack("<H", len(tags))
    return b"II*\0" + struct.pack("<I", 8) + count + entries + bytes(4) + data


def decoded(path, content: bytes, bits: int | None = None) -> list[int]:
    path.write_bytes(content)
    image = load_file(path, bits)
    return to_pixels(image, 1, 1, image.width)[0, :, 0].tolist()


SBIT = (b"sBIT", bytes([12]))
TWELVE = [0, 1000, 2048, 4095]
EIGHT = [round(value * 255 / 4095) for value in TWELVE]


def test_a_png_that_says_12_bits_spans_black_to_white(tmp_path):
    assert decoded(tmp_path / "a.png", png(TWELVE, chunks=(SBIT,))) == EIGHT == [0, 62, 128, 255]


def test_other_chunks_may_come_first(tmp_path):
    chunks = ((b"tEXt", b"Title\0" + bytes(5000)), SBIT)
    assert decoded(tmp_path / "a.png", png(TWELVE, chunks=chunks)) == EIGHT


def test_a_png_that_was_scaled_to_16_bits_as_the_standard_says_is_not_scaled_again(tmp_path):
    scaled = [value << 4 | value >> 8 for value in TWELVE]
    assert scaled[-1] == 65535
    assert decoded(tmp_path / "a.png", png(scaled, chunks=(SBIT,))) == EIGHT
    dark = [value << 4 | value >> 8 for value in (0, 40, 200, 255)]  # all of them below 4,096
    assert decoded(tmp_path / "a.png", png(dark, chunks=(SBIT,))) == [0, 2, 12, 16]


def test_a_png_without_a_word_spans_16_bits(tmp_path):
    assert decoded(tmp_path / "a.png", png([0, 257, 32896, 65535])) == [0, 1, 128, 255]


def test_8_bits_that_say_5_are_left_alone(tmp_path):
    content = png([0, 8, 255], bits=8, chunks=((b"sBIT", bytes([5])),))
    assert decoded(tmp_path / "a.png", content) == [0, 8, 255]


def test_a_tiff_of_12_packed_bits_spans_black_to_white(tmp_path):
    pairs = zip(TWELVE[::2], TWELVE[1::2], strict=True)
    packed = b"".join((a << 12 | b).to_bytes(3, "big") for a, b in pairs)
    assert decoded(tmp_path / "a.tif", tiff(packed, 4, 12)) == EIGHT


def test_a_tiff_whose_largest_sample_value_ends_a_range_spans_that(tmp_path):
    data = np.array(TWELVE, "<u2").tobytes()
    assert decoded(tmp_path / "a.tif", tiff(data, 4, 16, (281, 4095))) == EIGHT


def test_a_tiff_that_states_its_brightest_pixel_is_not_brightened(tmp_path):
    """By the standard this tag must not change how an image looks."""
    data = np.array([0, 3000], "<u2").tobytes()
    assert decoded(tmp_path / "a.tif", tiff(data, 2, 16, (281, 3000))) == [0, 12]


def test_bits_given_win_over_the_files_own(tmp_path):
    assert decoded(tmp_path / "a.png", png([0, 1023], chunks=(SBIT,)), bits=10) == [0, 255]


def test_values_beyond_the_range_are_refused_and_not_clipped(tmp_path):
    with pytest.raises(ValueError, match=r"0 to 4,096 do not fit into 12 bits, 0 to 4,095"):
        decoded(tmp_path / "a.png", png([0, 4096]), bits=12)
    with pytest.raises(ValueError, match=r"5 to 70,000 do not fit into 16 bits"):
        to_pixels(Image.fromarray(np.array([[5, 70_000]], np.int32)), 1, 1, 2)


@pytest.mark.parametrize("damage", [20, 40, 45, 60])
def test_a_file_that_ends_early_raises_what_pillow_raises(tmp_path, damage):
    (tmp_path / "a.png").write_bytes(png(TWELVE, chunks=(SBIT,))[:damage])
    with pytest.raises((OSError, SyntaxError)):
        load_file(tmp_path / "a.png")


def source_of(tmp_path, *contents: bytes) -> ImageSource:
    files = []
    for k, content in enumerate(contents):
        (tmp_path / f"{k}.png").write_bytes(content)
        files.append(load_file(tmp_path / f"{k}.png"))
    return ImageSource(files, ImageSpec(1, 1, 4))


@pytest.mark.parametrize("kind", [GREY, COLOUR])
def test_images_that_use_few_of_16_bits_without_saying_so_are_told_of(tmp_path, kind):
    source = source_of(tmp_path, png([0, 1, 2, 3], kind), png(TWELVE, kind))
    with pytest.warns(GanzooWarning, match=r"values up to (4,095|3,855) of 65,535 .*data\.bits=12"):
        assert ImageStore.from_source(source).images.max() == 16 - (kind == COLOUR)


@pytest.mark.parametrize(
    "content",
    [
        png([0, 0, 0, 40_000]),
        png(TWELVE, chunks=(SBIT,)),
        png([9, 9, 9, 9], bits=8),
        png([0, 0, 0, 40_000], COLOUR),
    ],
    ids=["of 16 bits", "that say so", "of 8 bits", "of colour"],
)
def test_other_images_are_not_told_of(tmp_path, content):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ImageStore.from_source(source_of(tmp_path, content))


def test_what_a_file_declares_is_read_before_it_is_decoded(tmp_path):
    (tmp_path / "a.png").write_bytes(png(TWELVE, chunks=(SBIT,)))
    with Image.open(tmp_path / "a.png") as image:
        assert declared_bits(image) == 12
        assert np.asarray(image).tolist() == [TWELVE]  # it can still be decoded


def test_32_bits_are_an_unreadable_image(tmp_path):
    wide = Image.fromarray(np.array([[0, 100_000]], np.int32))
    with pytest.raises(DataError, match="0 to 100,000 do not fit into 16 bits"):
        ImageStore.from_source(ImageSource([wide], ImageSpec(1, 1, 2)))
