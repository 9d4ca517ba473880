"""Promises where nothing can be locked: each command that needs a lock says so in one line."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from filelock import FileLock
from toys import TINY_COMMAND

from ganzoo.run.directory import RunDirectory

NO_LOCKS = OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
REASONS = {
    NotImplementedError: "its file system has no locks, which newer versions of filelock do "
    "without",
    NO_LOCKS: os.strerror(errno.ENOLCK),
}


@pytest.fixture(params=REASONS, ids=["older filelock", "ENOLCK"])
def lockless(request, monkeypatch):
    """From now on locks with these names fail; returns the reason for the message."""

    def from_now_on(*names: str) -> str:
        acquire = FileLock._acquire

        def refuse(lock: FileLock) -> None:
            if Path(lock.lock_file).match(names[0]):
                raise request.param
            acquire(lock)

        monkeypatch.setattr(FileLock, "_acquire", refuse)
        return REASONS[request.param]

    return from_now_on


def told(answer: tuple[int, str, str]) -> str:
    """The last line of a command that failed."""
    code, _, err = answer
    assert code in (1, 2)
    return err.splitlines()[-1]


def test_a_training_whose_images_cannot_be_kept(ganzoo_cli, lockless, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    reason = lockless("stores/*.lock")
    line = told(ganzoo_cli(*TINY_COMMAND, "--run-dir", "run"))
    assert f"{reason}. Set GANZOO_CACHE_DIR to another directory" in line
    assert str(tmp_path / "cache" / "stores") in line


def test_a_training_in_a_folder_without_locks(ganzoo_cli, lockless):
    reason = lockless("run.lock")
    line = told(ganzoo_cli(*TINY_COMMAND, "--run-dir", "run"))
    assert line.endswith(f"cannot lock run/run.lock: {reason}. Use a folder on another file system")


def test_a_run_in_a_folder_without_locks_is_not_resumed(ganzoo_cli, lockless, trained):
    reason = lockless("run.lock")
    line = told(ganzoo_cli("resume", trained, "--steps", "9"))
    assert f"cannot lock {trained}/run.lock: {reason}. " in line


def test_a_run_in_a_folder_without_locks_has_no_writer_and_is_read(ganzoo_cli, lockless, trained):
    lockless("run.lock")
    (trained / "run.lock").touch()
    assert RunDirectory(trained).writer() is None
    assert ganzoo_cli("sample", trained, "--n", "2")[0] == 0


def test_a_sweep_in_a_folder_without_locks(ganzoo_cli, lockless):
    reason = lockless("sweep.lock")
    sweep = ["sweep", "--arch", "vanilla", "--loss", "bce", "--loss", "lsgan", "--data", "emoji"]
    line = told(ganzoo_cli(*sweep, "--steps", "1", "--sweep-dir", "swept"))
    assert f"cannot lock swept/sweep.lock: {reason}. Use a folder on another file system" in line


def test_a_cache_without_locks_is_not_pruned(ganzoo_cli, lockless, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    store = tmp_path / "cache" / "stores" / ("0" * 32)
    store.mkdir(parents=True)
    reason = lockless("stores/*.lock")
    line = told(ganzoo_cli("cache", "prune", "--all"))
    assert f"cannot lock {store}.lock: {reason}. Remove {store} by hand" in line
    assert store.exists()
