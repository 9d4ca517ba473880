"""Promises of headers: sizes, modes and copies of images, read without decoding them."""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from ganzoo import DataError
from ganzoo.data import headers
from ganzoo.data.headers import Headers


def files_of(folder, *images: tuple[str, str, tuple[int, int], int]) -> list[str]:
    """Write images of (name, mode, (width, height), colour)."""
    for name, mode, size, colour in images:
        Image.new(mode, size, colour).save(folder / name)
    return [str(folder / image[0]) for image in images]


def test_the_most_common_size_wins_and_the_smallest_of_equals(tmp_path):
    sizes = [(9, 5), (30, 20), (30, 20), (4, 8), (4, 8)]
    files = files_of(tmp_path, *((f"{k}.png", "L", size, k) for k, size in enumerate(sizes)))
    read = Headers.read(files)
    assert read.common_size == (8, 4)  # (height, width)
    assert read.describe()[0] == "3 sizes (height x width), 8x4 to 20x30, mostly 8x4"
    assert Headers.read(files[1:3]).describe()[0] == "all 20x30"


def test_one_colour_image_makes_three_channels(tmp_path):
    files = files_of(tmp_path, *((f"{k}.png", "L", (4, 4), k) for k in range(30)))
    assert Headers.read(files).channels == 1
    files += files_of(tmp_path, ("z.png", "RGB", (4, 4), 0))
    assert Headers.read(files).channels == 3
    assert "modes L 30, RGB 1, read in colour" in Headers.read(files).describe()


def test_unreadable_files_say_nothing_of_size_or_colour_and_are_counted(tmp_path):
    files = files_of(tmp_path, ("b.png", "RGB", (4, 6), 0))
    for name in ("a.png", "c.png"):
        (tmp_path / name).write_bytes(b"no image")
        files.append(str(tmp_path / name))
    read = Headers.read(files)
    assert (read.common_size, read.channels) == ((6, 4), 3)
    assert f"unreadable: 2, the first is {tmp_path / 'a.png'}" in read.describe()
    assert read.copies == []
    with pytest.raises(DataError, match=r"none of the 2 images .*a.png: UnidentifiedImageError"):
        Headers.read(files[1:])


def test_copies_are_found_by_their_whole_content(tmp_path):
    head = bytes(10_000)
    for name, end in (("a.bmp", b"1"), ("b.bmp", b"2"), ("c.bmp", b"1"), ("d.bmp", b"1")):
        Image.new("L", (4, 4)).save(tmp_path / name)
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + head + end)
    read = Headers.read([str(tmp_path / f"{name}.bmp") for name in "abcd"])
    assert read.copies == [(2, 0), (3, 0)]
    said = f"copies: 2, the first is {tmp_path / 'c.bmp'} of {tmp_path / 'a.bmp'}"
    assert said in read.describe()


def test_no_image_is_decoded(tmp_path):
    """A file that ends after its header has a size; decoding it would fail."""
    (name,) = files_of(tmp_path, ("a.png", "RGB", (300, 200), 0))
    header = (tmp_path / "a.png").read_bytes()[:33]  # signature and IHDR
    start = struct.pack(">I", 100) + b"IDAT"  # of data that do not come
    (tmp_path / "a.png").write_bytes(header + start)
    assert Headers.read([name]).sizes == {(200, 300): 1}
    with pytest.raises(OSError, match="truncated"), Image.open(name) as image:
        image.load()


def test_files_on_a_slow_disk_are_read_by_threads_with_the_same_result(tmp_path, monkeypatch):
    files = files_of(tmp_path, *((f"{k}.png", "L", (1 + k, 2), k) for k in range(40)))
    expected = Headers.read(files).headers
    pools = []

    class Watched(headers.ThreadPoolExecutor):
        def __init__(self, *arguments):
            pools.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(headers, "ThreadPoolExecutor", Watched)
    assert Headers.read(files).headers == expected
    assert not pools
    monkeypatch.setattr(headers, "PROBE", 3)
    monkeypatch.setattr(headers, "SLOW", 0.0)
    assert Headers.read(files).headers == expected
    assert len(pools) == 1
