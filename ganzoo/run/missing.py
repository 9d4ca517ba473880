"""What to install where a run names a component that is no longer there.

A run notes the version of every distribution that took part. It may be a stranger's, so what it
says is shown, and never acted upon.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from ganzoo.errors import GanzooError
from ganzoo.registry import UnknownComponent

if TYPE_CHECKING:
    from ganzoo.run.run import Run


@contextmanager
def missing_explained(run: Run) -> Iterator[None]:
    """Add to an unknown name which distributions of the run are gone, and how to get them back."""
    try:
        yield
    except UnknownComponent as error:
        explanation = explain(_versions(run))
        if not explanation:
            raise
        raise UnknownComponent(f"{error}\n{run.path} was trained with {explanation}") from None


def _versions(run: Run) -> Mapping[str, str]:
    """What the checkpoint notes, or else the journal; nothing where both are lost."""
    with suppress(GanzooError):
        return run.manifest.versions
    with suppress(GanzooError, KeyError, TypeError, ValueError):
        return dict(run.provenance["versions"])
    return {}


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
