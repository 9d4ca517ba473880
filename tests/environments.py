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
from contextlib import ExitStack, contextmanager
from functools import cached_property
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


SERVER = """
import gc, importlib, json, multiprocessing, os, sys
import torch._dynamo, torchvision  # but neither ganzoo nor a plugin: pip changes those

def run(code, arguments, folder, variables, outputs):
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, output in enumerate(outputs, start=1):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    multiprocessing.set_start_method(None, force=True)  # its workers start as in any program
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    importlib.invalidate_caches()  # packages came and went since the start
    sys.argv = arguments
    sys.path[0] = os.path.dirname(arguments[0])  # '' but for a script
    exec(code, {"__name__": "__main__"})

gc.freeze()  # what a child's collector visited would be copied
for line in sys.stdin:
    child = multiprocessing.get_context("fork").Process(target=run, args=json.loads(line))
    child.start()
    child.join(300)
    child.kill()  # if it takes longer
    child.join()
    print(child.exitcode, flush=True)
"""
"""Runs code in forks of a process that has imported torch, and prints how each ended."""


class Environment:
    """A virtual environment, and a user at its shell.

    Most seconds of a program that needs torch go into importing it. With `warm=True` a program is
    forked from a process of the environment that has done so already; all else is as ever, but
    that Python's own variables are not read again.
    """

    def __init__(self, path: Path, ganzoo_wheel: Path) -> None:
        self.closing = ExitStack()
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
        warm: bool = False,
    ) -> Result:
        """Run a program of the environment. No error a user can make may end in a traceback."""
        words, variables = [program, *map(str, arguments)], self.variables | dict(env or {})
        run = self._fork if warm else self._start
        result = run(words, cwd or self.home, variables)
        assert "Traceback" not in result.out + result.err, result.out + result.err
        return result

    @property
    def variables(self) -> dict[str, str]:
        """What a program finds in its environment."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("GANZOO_", "PYTHON"))}
        return clean | {
            "PATH": f"{self.bin}{os.pathsep}{clean['PATH']}",
            "GANZOO_CACHE_DIR": str(self.home / "cache"),
            "COLUMNS": "200",
            "OMP_NUM_THREADS": "1",
            "PYTHONNOUSERSITE": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def _start(self, words: list[str], cwd: Path, variables: Mapping[str, str]) -> Result:
        done = subprocess.run(
            [self.bin / words[0], *words[1:]],
            cwd=cwd,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def _fork(self, words: list[str], cwd: Path, variables: Mapping[str, str]) -> Result:
        match words:
            case ["python", "-c", code, *_]:
                arguments = words[1:2] + words[3:]
            case ["python", "-m", module, *rest]:
                code = f"import runpy; runpy.run_module({module!r}, None, '__main__', True)"
                arguments = [module, *rest]
            case [script, *rest]:
                code = (self.bin / script).read_text()
                arguments = [str(self.bin / script), *rest]
        outputs = [self.path / "out", self.path / "err"]
        task = [code, arguments, str(cwd), variables, [*map(str, outputs)]]
        print(json.dumps(task), file=self._server.stdin, flush=True)
        return Result(int(self._server.stdout.readline()), *(o.read_text() for o in outputs))

    @cached_property
    def _server(self) -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        command = [self.bin / "python", "-c", SERVER]
        server = subprocess.Popen(command, cwd=self.home, env=self.variables, **pipes)
        return self.closing.enter_context(server)

    def succeed(
        self, program: str, *arguments: object, cwd: Path | None = None, warm: bool = False
    ) -> str:
        """Run a program that must exit with 0, and give what it says on stdout."""
        result = self(program, *arguments, cwd=cwd, warm=warm)
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
