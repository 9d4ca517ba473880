"""Files and folders that appear whole or not at all: written under another name, then renamed.

Meanwhile, and after a crash, there is either the old content or all of the new.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ganzoo.errors import GanzooError


def temporary_for(path: Path) -> Path:
    """A hidden name beside a path, of this process alone."""
    return path.with_name(f".{path.name}.{os.getpid()}")


@contextmanager
def replacing_file(path: Path) -> Iterator[BinaryIO]:
    """A stream whose content replaces the file when the block ends well; folders are made.

    Raises:
        GanzooError: it cannot be written; what was there before still is.
    """
    temporary = temporary_for(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            yield stream
        temporary.replace(path)
    except OSError as error:
        raise GanzooError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def replace_text(path: Path, text: str, errors: str = "strict") -> Path:
    """Replace a text file, in UTF-8.

    Args:
        path: of the file.
        text: its new content.
        errors: `"replace"` writes `?` for what UTF-8 cannot hold.

    Raises:
        GanzooError: it cannot be written; what was there before still is.
    """
    try:
        content = text.encode("utf-8", errors)
    except UnicodeEncodeError as error:
        raise GanzooError(f"cannot write {path}: {error}") from None
    with replacing_file(path) as stream:
        stream.write(content)
    return path


@contextmanager
def building_folder(folder: Path) -> Iterator[Path]:
    """A folder under a hidden name, which gets its own when the block ends well.

    Args:
        folder: must not exist; the folder above it must.

    Raises:
        OSError: it cannot be written; nothing half-written is left.
    """
    temporary = temporary_for(folder)
    try:
        temporary.mkdir()
        yield temporary
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
