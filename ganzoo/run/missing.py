"""Missing plugins: what to install if a run names a component that is no longer installed.

A run records the versions of the distributions that provide its components. The run may be a
stranger's, so these are shown and never installed.
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
    """Add to `UnknownComponent` which distributions are missing, and how to install them.

    Args:
        path: the run directory.
        versions: returns the versions recorded by the run, by distribution; called on an error.
    """
    try:
        yield
    except UnknownComponent as error:
        explanation = explain(versions())
        if not explanation:
            raise
        raise UnknownComponent(f"{error}\n{path} was trained with {explanation}") from None


def explain(versions: Mapping[str, str]) -> str:
    """Explain which distributions are not installed, or else which have another version.

    Args:
        versions: recorded by the run, by distribution.

    Returns:
        the end of a sentence that begins "was trained with"; empty if nothing has changed.
    """
    # Compare with what is installed.
    missing, changed, requirements = [], [], []
    for distribution, version in versions.items():
        if not _is_safe(distribution, version):
            continue
        trained_with = f"{distribution} {version}"
        installed = _installed(distribution)
        if installed is None:
            missing.append(trained_with)
            requirements.append(f"{distribution}=={version}")
        elif installed != version and distribution != "torch":
            changed.append(f"{trained_with}, and {installed} is installed now")

    # Say it.
    if missing:
        verb, pronoun = ("is", "it") if len(missing) == 1 else ("are", "them")
        return (
            f"{' and '.join(missing)}, which {verb} not installed. If you trust {pronoun}: "
            f"pip install {' '.join(requirements)}"
        )
    return "; ".join(changed)


def _installed(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _is_safe(distribution: str, version: str) -> bool:
    """Whether both are valid, and so safe in a command that a person pastes into a shell."""
    try:
        canonicalize_name(distribution, validate=True)
        Version(version)
    except (InvalidName, InvalidVersion, TypeError):
        return False
    return True
