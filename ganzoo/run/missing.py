"""What to install where a run names a component that is no longer there.

A run notes the version of every distribution that took part. It may be a stranger's, so what it
says is shown, and never acted upon.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from ganzoo.discovery.registry import UnknownComponent


@contextmanager
def missing_explained(path: Path, versions: Callable[[], Mapping[str, str]]) -> Iterator[None]:
    """Add to an unknown name which distributions are no longer installed, and how to install them.

    Args:
        path: of the run.
        versions: returns those noted when the run was trained, by distribution.
    """
    try:
        yield
    except UnknownComponent as error:
        explanation = explain(versions())
        if not explanation:
            raise
        raise UnknownComponent(f"{error}\n{path} was trained with {explanation}") from None


def explain(versions: Mapping[str, str]) -> str:
    """Which of these distributions are not installed, or else which are in another version.

    Args:
        versions: noted when the run was trained, by distribution.

    Returns:
        the end of a sentence that begins "was trained with"; empty where all are as they were.
    """
    gone, changed, commands = [], [], []
    for distribution, version in versions.items():
        if not _is_sound(distribution, version):
            continue
        wanted = f"{distribution} {version}"
        installed = _installed(distribution)
        if installed is None:
            gone.append(wanted)
            commands.append(f"{distribution}=={version}")
        elif installed != version and distribution != "torch":
            changed.append(f"{wanted}, where {installed} is installed now")
    if gone:
        verb, pronoun = ("is", "it") if len(gone) == 1 else ("are", "them")
        return (
            f"{' and '.join(gone)}, which {verb} not installed. If you trust {pronoun}: "
            f"pip install {' '.join(commands)}"
        )
    return "; ".join(changed)


def _installed(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _is_sound(distribution: str, version: str) -> bool:
    """Whether this can go into a command that a person will paste into a shell."""
    try:
        canonicalize_name(distribution, validate=True)
        Version(version)
    except (InvalidName, InvalidVersion, TypeError):
        return False
    return True
