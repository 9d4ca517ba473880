"""Fingerprint of files by their content: the same at another place, under other names and times.

Of each file an equal share of 4 GiB is read, at least 8 KiB: half of it from the beginning, half
from the end. So every file counts, and of a set of equal files below 4 GiB all is read. What
escapes is a change inside a large file that keeps its size, beginning and end, as a change of a
compressed image does not.

The result is kept in the cache for as long as paths, sizes and times of the files stay the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from ganzoo.data.cache import cache_dir
from ganzoo.errors import GanzooError
from ganzoo.files import replace_text

READ = 4 * 2**30
"""Bytes read of all files together, at most, unless `READ_OF_EACH` are more."""

READ_OF_EACH = 8 * 2**10
"""Bytes read of each file, at least, if it has as many."""

THREADS = 16
"""Files read at a time: a disk or a network answers many requests in the time of one."""


def content_fingerprint(paths: Iterable[str | Path], labels: Iterable[object] = ()) -> str:
    """Return a hash of the content of files and of their labels, in this order.

    Args:
        paths: of the files; one that cannot be read counts by its size.
        labels: one for each file, of a type whose `repr` says its value; none by default.

    Returns:
        64 hex digits. Paths, names and times do not change it.

    Raises:
        OSError: a file is not there.
    """
    # The result for files of these paths, sizes and times.
    files, labels = [Path(path) for path in paths], list(labels)
    seen = hashlib.sha256(repr([READ, str(Path.cwd()), labels]).encode())
    for file in files:
        status = file.stat()
        seen.update(os.fsencode(file))  # a name need not be UTF-8
        seen.update(f"\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    kept = cache_dir() / "fingerprints" / seen.hexdigest()
    with suppress(OSError, ValueError):
        if len(known := kept.read_text(encoding="ascii")) == 64:
            return known

    # The content.
    share = max(READ_OF_EACH, READ // max(1, len(files)))
    total = hashlib.sha256(repr(labels).encode())
    with ThreadPoolExecutor(THREADS, thread_name_prefix="ganzoo-fingerprint") as pool:
        for digest in pool.map(partial(_digest, share=share), files):
            total.update(digest)
    with suppress(GanzooError):  # without a cache, files are read each time
        replace_text(kept, total.hexdigest())
    return total.hexdigest()


def _digest(file: Path, share: int) -> bytes:
    """Hash the size of a file and at most `share` bytes of it."""
    size = file.stat().st_size
    digest = hashlib.sha256(f"{size}\n".encode())
    with suppress(OSError), file.open("rb") as stream:
        if size <= share:
            digest.update(stream.read())
        else:
            digest.update(stream.read(share // 2))
            stream.seek(-(share // 2), os.SEEK_END)
            digest.update(stream.read())
    return digest.digest()
