"""Write a new plugin package from templates; never overwrites anything."""

from __future__ import annotations

import keyword
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from ganzoo.discovery import registry
from ganzoo.discovery.specs import KINDS
from ganzoo.errors import GanzooError, UsageError
from ganzoo.files import building_folder

_TEMPLATES = resources("ganzoo.scaffold") / "templates"

KINDS_OFFERED = tuple(kind for kind in KINDS if (_TEMPLATES / kind).is_dir())
"""Kinds of components that have a template."""

LICENSES = ("MIT", "BSD-3-Clause", "Apache-2.0", "none")

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def create_plugin(
    name: str,
    kind: str,
    *,
    into: Path = Path(),
    license_name: str = "MIT",
    author: str | None = None,
) -> list[Path]:
    """Write a plugin package that installs, passes its tests and trains.

    Args:
        name: of the distribution and of its component: lower-case words joined by hyphens.
        kind: of the component, one of `KINDS_OFFERED`.
        into: the parent folder of the package.
        license_name: one of `LICENSES`.
        author: for licence and metadata; git's `user.name` if None.

    Returns:
        the files written.

    Raises:
        UsageError: a malformed name, an unknown kind or licence, or the folder exists.
        GanzooError: a file cannot be written.
    """
    package = name.replace("-", "_")
    _check(name, package, kind, license_name)
    folder = into / name
    if folder.exists():
        raise UsageError(f"{folder} exists; nothing is overwritten. Choose another name or folder")
    author = author or _git_user() or f"The authors of {name}"
    words = {
        "name": name,
        "package": package,
        "Class": "".join(word.capitalize() for word in name.split("-")),
        "kind": kind,
        "author": author,
        "quoted_author": author.replace("\\", "\\\\").replace('"', '\\"'),
        "year": str(datetime.now(UTC).year),
        "license_line": "" if license_name == "none" else f'license = "{license_name}"\n',
    }
    try:
        with building_folder(folder) as temporary:
            written = [
                _write(temporary, path, text) for path, text in _filled(kind, license_name, words)
            ]
            (temporary / "src" / package / "py.typed").touch()
    except OSError as error:
        raise GanzooError(f"cannot write {folder}: {error.strerror or error}") from error
    return [folder / path for path in written]


def _check(name: str, package: str, kind: str, license_name: str) -> None:
    if not _NAME.fullmatch(name) or name[0].isdigit() or keyword.iskeyword(package):
        raise UsageError(
            f"'{name}' cannot name a package: it takes lower-case words joined by hyphens, "
            "the first beginning with a letter, like 'acme-gan'"
        )
    if package == "ganzoo" or package.startswith("ganzoo_"):
        raise UsageError(f"'{name}' would look like one of ganzoo's own; choose another name")
    if kind not in KINDS_OFFERED:
        raise UsageError(f"no kind '{kind}'; there are {', '.join(KINDS_OFFERED)}")
    if name in registry.names(kind):
        raise UsageError(
            f"there is a {kind} '{name}' already, and a name that two plugins claim finds neither; "
            "choose another name"
        )
    if license_name not in LICENSES:
        raise UsageError(f"no licence text for '{license_name}'; there are {', '.join(LICENSES)}")


def _filled(kind: str, license_name: str, words: dict[str, str]) -> Iterator[tuple[Path, str]]:
    """Path and text of every file, with the names filled in."""
    for root in (_TEMPLATES / "common", _TEMPLATES / kind):
        for path, source in _walk(root):
            yield Path(Template(path).substitute(words)), _text(source, words)
    if license_name != "none":
        yield Path("LICENSE"), _text(_TEMPLATES / "licenses" / f"{license_name}.tmpl", words)


def _walk(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    """Every template below a folder, with the path of the file it becomes."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _walk(entry, f"{above}{entry.name}/")
        elif entry.name.endswith(".tmpl"):
            yield f"{above}{entry.name.removesuffix('.tmpl')}", entry


def _text(source: Traversable, words: dict[str, str]) -> str:
    return Template(source.read_text(encoding="utf-8")).substitute(words)


def _write(folder: Path, path: Path, text: str) -> Path:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text, encoding="utf-8")
    return path


def _git_user() -> str | None:
    """git's `user.name`, if git is installed and it is set."""
    git = shutil.which("git")
    if git is None:
        return None
    answer = subprocess.run(  # noqa: S603  # a fixed command
        [git, "config", "user.name"], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None
