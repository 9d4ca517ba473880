"""Promises of the cache directory: where it is, what is in it, and what of it is removed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch
from filelock import FileLock

import ganzoo
from ganzoo.data.cache import Entry, entries, prune

WHERE = """
import os, sys, warnings
from ganzoo.data.cache import cache_dir
{before}
warnings.simplefilter("error" if {quiet} else "always")
print(cache_dir())
print(cache_dir())
"""
NOBODY = "os.setuid(65533)"  # a user without an entry in the password file: "~" has no meaning


def where(before: str = "", *, quiet: bool = False, **environment: str) -> tuple[list[str], str]:
    """The cache directory of a real process, asked for twice, and its stderr."""
    script = WHERE.format(before=before, quiet=quiet)
    inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "PYTHONPATH", "LANG")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), done.stderr


def test_the_users_own_directory_is_taken_where_it_can_be_written(tmp_path):
    out, _ = where(quiet=True, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path / "new" / "cache"))
    if sys.platform == "linux":
        assert out == [str(tmp_path / "new" / "cache" / "ganzoo")] * 2


needs_root = pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0, reason="only root can become another user"
)


@pytest.fixture
def shared():
    """A folder that every user may read, with a `tmp` that every user may write."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are for one user
        Path(name).chmod(0o755)
        (Path(name) / "tmp").mkdir()
        (Path(name) / "tmp").chmod(0o1777)
        yield Path(name)


@needs_root
@pytest.mark.parametrize("home", [None, "missing", "", "file"])
def test_without_a_writable_home_a_temporary_directory_takes_its_place_with_a_warning(home, shared):
    (shared / "file").write_text("in the way")
    environment = {} if home is None else {"HOME": str(shared / home)}
    out, err = where(NOBODY, TMPDIR=str(shared / "tmp"), **environment)
    assert out == [str(shared / "tmp" / "ganzoo-65533")] * 2
    assert err.count("cannot be written") == 1
    assert "Set GANZOO_CACHE_DIR to a directory with room" in err
    assert (shared / "tmp" / "ganzoo-65533").stat().st_mode & 0o777 == 0o700


@needs_root
@pytest.mark.parametrize("trap", ["folder", "link"])
def test_a_temporary_directory_that_another_user_has_made_is_not_used(trap, shared):
    trapped = shared / "tmp" / "ganzoo-65533"
    trapped.mkdir() if trap == "folder" else trapped.symlink_to(shared / "tmp")
    (first, second), _ = where(NOBODY, TMPDIR=str(shared / "tmp"), HOME="/nowhere/at/all")
    assert first == second
    assert Path(first).parent == shared / "tmp"
    assert Path(first) != trapped
    assert Path(first).stat().st_uid == 65533


def test_a_directory_that_the_user_has_chosen_is_taken_as_it_is(tmp_path):
    (tmp_path / "file").write_text("in the way")
    out, _ = where(quiet=True, GANZOO_CACHE_DIR=str(tmp_path / "file"))
    assert out[0] == str(tmp_path / "file")


@pytest.fixture
def cache(tmp_path) -> Path:
    """A cache with the stores of two datasets, features and a download."""
    for name in ("emoji", "faces"):
        images = [torch.zeros(1, 4, 6, dtype=torch.uint8)] * 10
        ganzoo.ImageStore.from_source(
            ganzoo.ImageSource(images, ganzoo.ImageSpec(1, 4, 6)),
            key={"dataset": f"gan-zoo/{name}", "options": {"full": True}, "split": "train"},
            cache_dir=tmp_path,
        )
    for name in ("features/a.safetensors", "datasets/MNIST/raw"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"12345")
    return tmp_path


def store_of(cache: Path, dataset: str) -> Path:
    """The description of a dataset's store."""
    return next(file for file in cache.glob("stores/*/store.json") if dataset in file.read_text())


def titles(found: list[Entry]) -> set[str]:
    return {entry.title for entry in found}


def test_everything_is_listed_with_its_size_and_the_latest_used_first(cache):
    os.utime(store_of(cache, "faces"), (1e9, 1e9))
    for file in (*store_of(cache, "faces").parent.iterdir(), store_of(cache, "faces").parent):
        os.utime(file, (1e9, 1e9))
    found = entries(cache)
    assert titles(found) == {
        "gan-zoo/emoji train full=True", "gan-zoo/faces train full=True", "a.safetensors", "MNIST",
    }  # fmt: skip
    assert found[-1].title == "gan-zoo/faces train full=True"
    assert found[-1].used == 1e9
    sizes = {entry.kind: entry.size for entry in found}
    assert sizes["features"] == sizes["datasets"] == 5
    folder = store_of(cache, "emoji").parent
    assert sizes["stores"] == sum(file.stat().st_size for file in folder.iterdir())
    assert (found[-1].shape, found[-1].images) == ("1x4x6", 10)


def test_an_empty_cache_and_one_that_is_not_there_have_no_entries(tmp_path):
    assert entries(tmp_path) == entries(tmp_path / "none") == []


def test_all_images_and_features_can_be_removed_and_downloads_stay(cache):
    (cache / "stores" / f".{'0' * 32}.123").mkdir()  # left by a builder that was killed
    removed = prune(entries(cache))
    assert titles(removed) == {
        "gan-zoo/emoji train full=True", "gan-zoo/faces train full=True", "a.safetensors",
        f"unfinished .{'0' * 32}.123",
    }  # fmt: skip
    assert [entry.path for entry in entries(cache)] == [cache / "datasets" / "MNIST"]


def test_what_was_used_lately_stays(cache):
    week_ago = time.time() - 7 * 86400
    folder = store_of(cache, "faces").parent
    for file in (*folder.iterdir(), folder, cache / "features" / "a.safetensors"):
        os.utime(file, (week_ago, week_ago))
    assert prune(entries(cache), older_than=8) == []
    assert titles(prune(entries(cache), older_than=6)) == {
        "gan-zoo/faces train full=True", "a.safetensors",
    }  # fmt: skip
    assert store_of(cache, "emoji").exists()


def test_a_store_that_a_process_builds_stays(cache):
    folder = store_of(cache, "faces").parent
    with FileLock(folder.with_suffix(".lock")):
        assert titles(prune(entries(cache))) == {"gan-zoo/emoji train full=True", "a.safetensors"}
    assert store_of(cache, "faces").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_run_keeps_the_images_that_it_has_open(tmp_path):
    images = [torch.full((1, 4, 4), 7, dtype=torch.uint8)] * 3
    source = ganzoo.ImageSource(images, ganzoo.ImageSpec(1, 4, 4))
    store = ganzoo.ImageStore.from_source(source, key={"k": 1}, cache_dir=tmp_path)
    assert len(prune(entries(tmp_path))) == 1
    assert store.select(torch.arange(3)).sum() == 3 * 16 * 7
    assert len(ganzoo.ImageStore.from_source(source, key={"k": 1}, cache_dir=tmp_path)) == 3


@pytest.mark.parametrize(
    "about", ["", "[]", "3", '{"identity": 3}', '{"identity": {"options": 3}}']
)
def test_a_damaged_store_is_listed_and_removed_too(cache, about):
    file = store_of(cache, "faces")
    file.write_text(about)
    (entry,) = [entry for entry in entries(cache) if entry.path == file.parent]
    assert entry.title == f"unfinished {file.parent.name}"
    assert entry in prune(entries(cache))
