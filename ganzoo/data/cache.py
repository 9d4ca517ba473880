"""The cache directory: decoded images, features and downloads. Safe to delete.

`entries` and `prune` serve `ganzoo cache`, and import no torch.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import platformdirs
from filelock import Timeout

from ganzoo.errors import GanzooError, GanzooWarning, UsageError, setting
from ganzoo.files import locked

PRUNED = ("stores", "features", "fingerprints")
"""Folders whose content is made again when it is needed. The others hold downloads and networks."""


def cache_dir() -> Path:
    """Return `GANZOO_CACHE_DIR`, or the user's cache directory for ganzoo; it may not exist yet.

    A user without a home, or whose cache cannot be written, gets a temporary directory, and a
    warning.
    """
    chosen = os.environ.get("GANZOO_CACHE_DIR")
    if chosen:
        return Path(chosen)
    try:
        usual = platformdirs.user_cache_path("ganzoo")
    except RuntimeError:  # no home; older ones answer "~"
        usual = Path("~/.cache/ganzoo")
    return usual if _can_be_written(usual) else _temporary(usual)


def cache_name(identity: str) -> str:
    """Name a cache entry by a hash of everything that determines its content: 32 hex digits."""
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def _can_be_written(folder: Path) -> bool:
    """Whether a folder is there and can be written, or can be made."""
    if not folder.is_absolute():  # "~": the home of a user who has none
        return False
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


@cache
def _temporary(usual: Path) -> Path:
    """A temporary directory of this user alone; the same one in every process, if it can be."""
    user = os.getuid() if hasattr(os, "getuid") else ""
    folder = Path(tempfile.gettempdir()) / f"ganzoo-{user}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or user not in ("", status.st_uid):  # not ours: a trap
        folder = Path(tempfile.mkdtemp(prefix="ganzoo-"))
    message = (
        f"the cache directory {usual} cannot be written; {folder} takes its place, which the "
        "system may empty. Set GANZOO_CACHE_DIR to a directory with room"
    )
    warnings.warn(GanzooWarning(message), stacklevel=3)
    return folder


@dataclass(frozen=True)
class Entry:
    """A file or folder of the cache.

    Attributes:
        path: of it.
        kind: the folder that it is in: `"stores"`, `"features"`, ….
        size: in bytes.
        used: when a store was last opened, or another entry written; seconds since 1970.
        title: of a store, `"gan-zoo/emoji train"` with the dataset's options; else its name.
        shape: of a store's images, `"3x32x32"`; else empty.
        images: of a store; 0 for others.
    """

    path: Path
    kind: str
    size: int
    used: float
    title: str
    shape: str = ""
    images: int = 0


def entries(folder: Path) -> list[Entry]:
    """Everything in a cache directory, the latest used first."""
    paths = [path for path in folder.glob("*/*") if path.suffix != ".lock"]
    found = [_entry(path) for path in paths]
    return sorted((entry for entry in found if entry), key=lambda entry: -entry.used)


def _entry(path: Path) -> Entry | None:
    """Describe a file or folder; None if another process has removed it meanwhile."""
    # Size and date.
    kind = path.parent.name
    try:
        files = [file for file in (path, *path.rglob("*")) if file.is_file()]
        size = sum(file.stat().st_size for file in files)
        used = max(file.stat().st_mtime for file in files or [path])
    except OSError:
        return None
    if kind != "stores":
        return Entry(path, kind, size, used, path.name)

    # Dataset and shape; a store that a killed process left has none.
    try:
        about = json.loads((path / "store.json").read_text(encoding="utf-8"))
        identity = about["identity"]
        options = [f"{key}={value}" for key, value in identity.get("options", {}).items()]
        words = [identity.get("dataset", path.name), identity.get("split", ""), *options]
        title = " ".join(filter(None, words))
        shape = "x".join(map(str, identity["shape"]))
        return Entry(path, kind, size, used, title, shape, int(about["count"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Entry(path, kind, size, used, f"unfinished {path.name}")


def prune(entries: Iterable[Entry], older_than: float = 0.0) -> list[Entry]:
    """Remove decoded images, features and fingerprints; downloads and networks stay.

    Args:
        entries: to choose from.
        older_than: days without use after which an entry is removed.

    Returns:
        what was removed. A store that a process builds stays; one that a run has open is removed,
        and the run keeps it until it ends.

    Raises:
        UsageError: the days are no number.
        GanzooError: an entry cannot be locked or removed.
    """
    if not older_than >= 0:  # NaN would remove all
        raise UsageError(f"{setting('older_than')} is {older_than}, but should be a number of days")
    removed = []
    for entry in entries:
        if entry.kind not in PRUNED or entry.used > time.time() - 86400 * older_than:
            continue
        try:
            if _remove(entry.path):
                removed.append(entry)
        except OSError as error:
            raise GanzooError(f"cannot remove {entry.path}: {error.strerror or error}") from error
    return removed


def _remove(path: Path) -> bool:
    """Remove a file, or a folder that no process builds; return whether it was removed."""
    # A file.
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return True

    # A store, or what is left of one. It is renamed first, so that no reader finds a part of it.
    name = path.name.strip(".").partition(".")[0]
    try:
        with locked(path.with_name(f"{name}.lock"), 0, advice=f"Remove {path} by hand"):
            hidden = path.with_name(f".{name}.removed")
            shutil.rmtree(hidden, ignore_errors=True)
            shutil.rmtree(path.rename(hidden))
    except Timeout:
        return False
    return True
