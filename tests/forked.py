"""Commands and snippets, each in a process of its own that need not import torch again.

The processes are forked from one that has imported everything and done nothing: what runs in them
is what a user runs, without the seconds of start-up that would be most of the time of these tests.
Their end is another: what is registered with `atexit` does not run. A test of the end of a program
needs a fresh one.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PRELOADED = ["torch._dynamo", "torchvision", "ganzoo.cli", "ganzoo.run", "ganzoo.cli.dry_run"]

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(PRELOADED)


def run_ganzoo(arguments: list[str], cwd: Path, **environment: str) -> tuple[int, str, str]:
    """`ganzoo ARGUMENTS` in a folder: exit code, standard output, standard error.

    The environment is that of the test, with these variables besides.
    """
    return start_ganzoo(arguments, cwd, **environment).finish()


def run_snippet(code: str, cwd: Path, **environment: str) -> tuple[int, str, str]:
    """A Python program in a folder: exit code, standard output, standard error."""
    return start_snippet(code, cwd, **environment).finish()


def run_pytest(arguments: list[str], cwd: Path, **environment: str) -> tuple[int, str, str]:
    """`pytest ARGUMENTS` in a folder: exit code, standard output, standard error."""
    return Started(_pytest, arguments, cwd, environment).finish()


def start_ganzoo(arguments: list[str], cwd: Path, **environment: str) -> Started:
    """`ganzoo ARGUMENTS` in a folder, without waiting for its end."""
    return Started(_command, arguments, cwd, environment)


def start_snippet(code: str, cwd: Path, **environment: str) -> Started:
    """A Python program in a folder, without waiting for its end."""
    return Started(_snippet, code, cwd, environment)


def start_python(arguments: list[str], cwd: Path, **environment: str) -> Started:
    """`python ARGUMENTS` in a folder, a script or `-m MODULE`, without waiting for its end."""
    return Started(_python, arguments, cwd, environment)


class Started:
    """A process that was forked."""

    def __init__(self, target, what, cwd: Path, environment: dict[str, str]) -> None:
        self.what = what
        self.folder = TemporaryDirectory()
        self.outputs = [Path(self.folder.name) / name for name in ("out", "err")]
        variables = dict(os.environ) | environment
        arguments = (target, what, cwd, variables, self.outputs)
        self.process = CONTEXT.Process(target=_inside, args=arguments)
        self.process.start()

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.process.pid, number)

    def finish(self, timeout: float = 500) -> tuple[int, str, str]:
        """Wait for its end: exit code, standard output, standard error.

        Raises:
            TimeoutError: it takes longer, and is killed.
        """
        with self.folder:
            self.process.join(timeout)
            if self.process.exitcode is None:
                self.process.kill()
                raise TimeoutError(f"{self.what} takes longer than {timeout} s")
            return self.process.exitcode, *(p.read_text(encoding="utf-8") for p in self.outputs)


def _inside(target, what, cwd: Path, environment: dict[str, str], outputs: list[Path]) -> None:
    for number, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    multiprocessing.set_start_method(None, force=True)  # its workers start as in any program
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    target(what)


def _command(arguments: list[str]) -> None:
    from ganzoo.cli import main

    sys.argv = ["ganzoo", *arguments]
    main(arguments)


def _pytest(arguments: list[str]) -> None:
    import pytest

    sys.exit(pytest.main(arguments))


def _python(arguments: list[str]) -> None:
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def _snippet(code: str) -> None:
    exec(compile(code, "snippet.py", "exec"), {"__name__": "__main__"})
