"""Files and folders that appear whole or not at all: written under another name, then renamed.

Meanwhile, and after a crash, there is either the old content or all of the new. Locks are here too.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from ganzoo.errors import GanzooError, UsageError

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}
"""Names of what is no regular file."""


def temporary_for(path: Path) -> Path:
    """A hidden name beside a path, of this process alone."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def destination(path: Path) -> Path:
    """The regular file that a path names, behind links; it need not exist yet.

    Raises:
        UsageError: the path names a folder, device, pipe or socket.
        GanzooError: it cannot be followed.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    except OSError as error:
        raise GanzooError(f"cannot write {path}: {error.strerror or error}") from error
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "no regular file")
        raise UsageError(f"cannot write {path}: it is {kind}; name a new or a regular file")
    return Path(os.path.realpath(path))


@contextmanager
def replacing_file(path: Path) -> Iterator[BinaryIO]:
    """A stream whose content replaces the file when the block ends well; folders are made.

    Links are followed: the file behind them is replaced.

    Raises:
        UsageError: the path names a folder, device, pipe or socket.
        GanzooError: it cannot be written; what was there before still is.
    """
    target = destination(path)
    temporary = temporary_for(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            yield stream
        temporary.replace(target)
    except OSError as error:
        raise GanzooError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def usual_permissions(path: Path) -> Iterator[None]:
    """Give a file that the block writes the permissions of any new file, by the umask.

    safetensors replaces it by a temporary file of mode 0600, which other users cannot read.
    """
    path.touch()
    mode = stat.S_IMODE(path.stat().st_mode)
    yield
    path.chmod(mode)


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


@contextmanager
def locked(
    path: Path, timeout: float = -1, *, advice: str = "Use a folder on another file system"
) -> Iterator[None]:
    """Hold a lock file; the system releases the lock of a process that dies.

    Args:
        path: of the lock file.
        timeout: seconds to wait; without end if negative.
        advice: for the message where nothing can be locked.

    Raises:
        OSError: another process holds it for longer, as filelock's `Timeout`.
        GanzooError: the file cannot be locked.
    """
    with ExitStack() as held:
        try:
            held.enter_context(FileLock(path, timeout=timeout))
        except Timeout:  # an OSError too
            raise
        except NotImplementedError:
            reason = "its file system has no locks, which newer versions of filelock do without"
            raise GanzooError(f"cannot lock {path}: {reason}. {advice}") from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise GanzooError(f"cannot lock {path}: {reason}. {advice}") from None
        yield
