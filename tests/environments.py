"""Fresh virtual environments with the ganzoo wheel, for tests that do as a user does.

What ganzoo depends on is not installed again: a .pth file points to the packages of the running
interpreter, pip among them. They come after the environment's own, so its ganzoo and its plugins
are what is found.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "{version}"
description = "A plugin that a test made."
dependencies = {dependencies}

[project.entry-points.ganzoo]
{entry_points}
"""


class Result(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


BUILD = """
import json, os, sys
from hatchling.build import build_wheel

for project in json.loads(sys.argv[2]):
    os.chdir(project)
    print(build_wheel(sys.argv[1]))
"""


def build_wheels(projects: Sequence[Path], out: Path) -> list[Path]:
    """Build project folders with hatchling, their build back end, as pip would; in one process."""
    out.mkdir(parents=True, exist_ok=True)
    folders = json.dumps([str(project) for project in projects])
    command = [sys.executable, "-c", BUILD, str(out), folders]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return [out / name for name in built.stdout.splitlines()[-len(projects) :]]


def build_wheel(project: Path, out: Path) -> Path:
    """Build one project folder."""
    return build_wheels([project], out)[0]


class Environment:
    """A virtual environment, and a user at its shell."""

    def __init__(self, path: Path, ganzoo_wheel: Path) -> None:
        self.path = path
        venv.create(path, symlinks=True)
        self.bin = path / "bin"
        self.home = path / "home"
        self.home.mkdir()
        (site,) = path.glob("lib/python*/site-packages")
        others = [p for p in sys.path if Path(p).name in ("site-packages", "dist-packages")]
        (site / "others.pth").write_text("\n".join(others) + "\n")  # pip is one of them
        self.pip("install", "--no-deps", "--no-index", "--ignore-installed", ganzoo_wheel)

    def __call__(
        self,
        program: str,
        *arguments: object,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Run a program of the environment. No error a user can make may end in a traceback."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("GANZOO_", "PYTHON"))}
        clean |= {
            "PATH": f"{self.bin}{os.pathsep}{clean['PATH']}",
            "GANZOO_CACHE_DIR": str(self.home / "cache"),
            "COLUMNS": "200",
            "OMP_NUM_THREADS": "1",
            "PYTHONNOUSERSITE": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        done = subprocess.run(
            [self.bin / program, *map(str, arguments)],
            cwd=cwd or self.home,
            env=clean | dict(env or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    def succeed(self, program: str, *arguments: object, cwd: Path | None = None) -> str:
        """Run a program that must exit with 0, and give what it says on stdout."""
        result = self(program, *arguments, cwd=cwd)
        assert result.code == 0, result.out + result.err
        return result.out

    def pip(self, *arguments: object) -> str:
        """`pip …`, without a network."""
        return self.succeed("python", "-m", "pip", "--quiet", *arguments)

    @contextmanager
    def installed(self, *wheels: Path) -> Iterator[None]:
        """Install wheels by pip, and uninstall them at the end."""
        self.pip("install", "--no-deps", "--no-index", *wheels)
        try:
            yield
        finally:
            self.pip("uninstall", "--yes", *(wheel.name.split("-")[0] for wheel in wheels))


def write_plugin(
    folder: Path,
    name: str,
    modules: Mapping[str, str],
    *,
    version: str = "1.0",
    requires: str = "gan-zoo",
    plugins: tuple[str, ...] = ("plugin",),
) -> Path:
    """Write the project folder of a small plugin package.

    Args:
        folder: where to put it.
        name: of the distribution; the package is called the same with underscores.
        modules: source by module name; `{package}` in it stands for the package's name.
        version: of the distribution.
        requires: its one dependency.
        plugins: modules that are entry points, each called `name` or `name-module`.
    """
    package = name.replace("-", "_")
    points = [f"{name if p == 'plugin' else f'{name}-{p}'} = '{package}.{p}'" for p in plugins]
    source = folder / package
    source.mkdir(parents=True)
    (source / "__init__.py").write_text("")
    for module, text in modules.items():
        text = textwrap.dedent(text).replace("{package}", package)
        (source / f"{module}.py").write_text(text)
    pyproject = PYPROJECT.format(
        name=name,
        version=version,
        dependencies=[requires],
        entry_points="\n".join(points),
    )
    (folder / "pyproject.toml").write_text(pyproject)
    return folder
