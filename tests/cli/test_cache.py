"""Promises of `ganzoo cache`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from toys import TINY_COMMAND

TODAY = f"{datetime.now(UTC):%Y-%m-}"


@pytest.fixture
def cache(tmp_path, monkeypatch, ganzoo_cli) -> Path:
    """The cache after a training."""
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    assert ganzoo_cli(*TINY_COMMAND, "--run-dir", "run")[0] == 0
    return tmp_path / "cache"


def test_the_images_of_a_training_are_listed_with_shape_number_size_and_date(ganzoo_cli, cache):
    code, out, _ = ganzoo_cli("cache", "list")
    assert code == 0
    (row,) = [line for line in out.splitlines() if "emoji" in line]
    assert re.fullmatch(rf"\s*gan-zoo/emoji train\s+3x8x8\s+1,911\s+.* kB\s+{TODAY}\d\d\s*", row)
    assert out.splitlines()[-1].endswith(f" kB in {cache}")


def test_an_empty_cache_is_listed_as_empty(ganzoo_cli, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "none"))
    assert ganzoo_cli("cache", "list") == (0, f"0 bytes in {tmp_path / 'none'}\n", "")
    assert ganzoo_cli("cache", "prune", "--all")[0] == 0


def test_prune_removes_what_it_is_told_to_and_training_decodes_again(ganzoo_cli, cache):
    (store,) = cache.glob("stores/*/store.json")
    assert "0 bytes removed" in ganzoo_cli("cache", "prune", "--older-than", "30")[1]
    for file in (*store.parent.iterdir(), store.parent):
        os.utime(file, (1e9, 1e9))
    code, out, _ = ganzoo_cli("cache", "prune", "--older-than", "30")
    assert (code, out.splitlines()[0]) == (0, "removed gan-zoo/emoji train")
    assert re.fullmatch(rf"\d+\.\d kB removed from {cache}", out.splitlines()[1])
    assert not store.exists()
    assert ganzoo_cli(*TINY_COMMAND, "--run-dir", "again")[0] == 0
    assert store.exists()
    assert ganzoo_cli("cache", "prune", "--all")[0] == 0
    assert not store.exists()


def test_prune_removes_nothing_that_is_older_than_no_number(ganzoo_cli, cache):
    code, _, err = ganzoo_cli("cache", "prune", "--older-than", "nan")
    assert (code, "--older-than is nan, but should be a number of days" in err) == (2, True), err
    assert len(list(cache.glob("stores/*/store.json"))) == 1


@pytest.mark.parametrize("choice", [[], ["--all", "--older-than", "3"]])
def test_prune_wants_one_choice(ganzoo_cli, choice):
    code, _, err = ganzoo_cli("cache", "prune", *choice)
    assert code == 2
    assert "choose what to remove: --older-than 30 (days) or --all" in err


def test_the_cache_is_listed_and_pruned_without_torch():
    script = (
        "import sys; from ganzoo.cli import _run\n"
        "for words in (['list'], ['prune', '--all']):\n"
        "    try: _run(['cache', *words])\n"
        "    except SystemExit as stop: assert not stop.code\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_the_name_of_a_folder_is_no_markup(ganzoo_cli, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    folder = Path("a[/b]")
    folder.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "picture.png")
    images = ["--data", "image-folder", "-o", f"data.path={folder}"]
    code, _, err = ganzoo_cli(*TINY_COMMAND, *images, "--steps", "1", "--run-dir", "run")
    assert code == 0, err
    code, out, _ = ganzoo_cli("cache", "list")
    assert code == 0
    assert "a[/b]" in out
