"""Promises of the fingerprint of files: it follows the content, and nothing else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data import fingerprint
from ganzoo.data.fingerprint import content_fingerprint


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(folder: Path, count: int = 5, size: int = 100) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    files = [folder / f"{k}.png" for k in range(count)]
    for file in files:
        file.write_bytes(rng.bytes(size))
    return files


def flip(file: Path, position: int) -> None:
    """Change one byte, and neither the size nor the time of a file."""
    status = file.stat()
    content = bytearray(file.read_bytes())
    content[position] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_another_place_another_name_and_another_time_are_the_same_data(tmp_path):
    files = write(tmp_path / "here")
    before = content_fingerprint(files)
    os.utime(files[0], (0, 0))
    assert content_fingerprint(files) == before
    there = Path(shutil.copytree(tmp_path / "here", tmp_path / "there"))
    assert content_fingerprint(sorted(there.iterdir())) == before
    files[0].rename(tmp_path / "here" / "0.jpeg")
    assert content_fingerprint(sorted((tmp_path / "here").iterdir())) == before


@pytest.mark.parametrize("position", [0, 50, 99])
def test_every_byte_of_a_small_set_counts(tmp_path, position, cache):
    files = write(tmp_path / "here")
    before = content_fingerprint(files)
    flip(files[3], position)
    shutil.rmtree(cache)
    assert content_fingerprint(files) != before


def test_order_number_size_and_labels_count(tmp_path):
    files = write(tmp_path / "here")
    prints = [
        content_fingerprint(files),
        content_fingerprint(files[::-1]),
        content_fingerprint(files[:-1]),
        content_fingerprint(files, [0, 0, 0, 0, 1]),
        content_fingerprint(files, [0, 0, 0, 1, 1]),
        content_fingerprint([]),
    ]
    files[0].write_bytes(files[0].read_bytes() + b"\0")
    prints.append(content_fingerprint(files))
    assert len(set(prints)) == len(prints)


def test_of_a_large_set_sizes_beginnings_and_ends_are_read(tmp_path, monkeypatch, cache):
    """5 files of 100 bytes and a budget of 100 bytes: 10 from either end of each."""
    monkeypatch.setattr(fingerprint, "READ", 100)
    monkeypatch.setattr(fingerprint, "READ_OF_EACH", 0)
    changes = {}
    for position in (0, 9, 10, 50, 89, 90, 99):
        files = write(tmp_path / "here")
        before = content_fingerprint(files)
        flip(files[3], position)
        shutil.rmtree(cache)
        changes[position] = content_fingerprint(files) != before
    assert changes == {0: True, 9: True, 10: False, 50: False, 89: False, 90: True, 99: True}


def test_files_that_did_not_change_are_read_once(tmp_path, monkeypatch):
    files = write(tmp_path / "here")
    before = content_fingerprint(files)
    read = []
    monkeypatch.setattr(fingerprint, "_digest", lambda file, share: read.append(file) or b"")
    assert content_fingerprint(files) == before
    assert read == []
    os.utime(files[0], (0, 0))
    content_fingerprint(files)
    assert len(read) == 5


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path, cache):
    files = write(tmp_path / "here")
    before = content_fingerprint(files)
    shutil.rmtree(cache)
    cache.write_text("in the way")
    assert content_fingerprint(files) == before


def test_what_is_damaged_in_the_cache_is_computed_again(tmp_path, cache):
    files = write(tmp_path / "here")
    before = content_fingerprint(files)
    (kept,) = (cache / "fingerprints").iterdir()
    for content in (b"", b"\xff" * 64, b"12"):
        kept.write_bytes(content)
        assert content_fingerprint(files) == before


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_a_name_need_not_be_text(tmp_path):
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    try:
        file.write_bytes(b"1")
    except OSError:
        pytest.skip("names are text here")
    assert content_fingerprint([file]) == content_fingerprint([write_one(tmp_path / "1")])


def write_one(file: Path) -> Path:
    file.write_bytes(b"1")
    return file
