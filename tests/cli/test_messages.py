"""Promises of messages: they name an argument in Python, and its flag at the shell."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import ganzoo
from ganzoo.config import Layer
from ganzoo.run.plan import compose

CORE = Path(ganzoo.__file__).parent

FLAG = re.compile(r"--[a-z][a-z-]+")

COMMAND = re.compile(r"`ganzoo [^`]*`")
"""A whole command to type at the shell."""

OTHER_PROGRAMS = {
    "torchrun": {"--max-restarts", "--nproc-per-node"},
    "git": {"--porcelain", "--untracked-files"},
}
"""Options of other programs."""

AT_THE_SHELL = ("cli", "scaffold", "sweeping/work.py", "discovery/hookspecs.py", "errors.py")
"""Parts of the core that run at the shell, and the one that turns arguments into flags."""

CHOICES = {"arch": "vanilla", "loss": "bce", "data": "gaussians"}


def test_a_message_names_the_argument_in_python_and_the_flag_at_the_shell(ganzoo_cli):
    """A batch of 7 cannot be divided into 2 micro-batches."""
    settings = {"batch_size": 7, "grad_accum_steps": 2, "device": "cpu"}
    with pytest.raises(ganzoo.UsageError) as error:
        ganzoo.train(**CHOICES, **settings)
    assert "grad_accum_steps=2: batch_size counts" in str(error.value)
    flags = ["--batch-size", "7", "--grad-accum-steps", "2", "--device", "cpu"]
    code, _, err = ganzoo_cli("train", *(f"--{k}={v}" for k, v in CHOICES.items()), *flags)
    assert code == 2
    assert "--grad-accum-steps 2: --batch-size counts" in err
    assert "batch_size" not in err


def test_a_warning_names_the_argument_in_python_and_the_flag_at_the_shell(ganzoo_cli):
    """A batch that is split cannot be compiled."""
    with pytest.warns(ganzoo.GanzooWarning, match=r'compile="on": '):
        compose([Layer("test", CHOICES | {"execution": {"compile": "on", "grad_accum_steps": 2}})])
    flags = ["--compile", "on", "--grad-accum-steps", "2", "--device", "cpu", "--dry-run"]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, _, err = ganzoo_cli("train", *(f"--{k}={v}" for k, v in CHOICES.items()), *flags)
    assert code == 0
    assert "Warning: --compile on: " in err


def strings(file: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each string of a file that is no docstring; `{}` stands for a value.

    Words of a whole command, as `ganzoo.errors.command` takes them, are left out.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "command":
            skipped |= {id(word) for word in node.args}
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
            yield node.lineno, "".join(map(str, parts))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
        ):
            yield node.lineno, node.value


def test_no_message_of_the_library_names_a_flag():
    """It names settings by `ganzoo.errors.setting`, which the command line turns into flags."""
    allowed = set().union(*OTHER_PROGRAMS.values())
    for file in CORE.rglob("*.py"):
        if file.relative_to(CORE).as_posix().startswith(AT_THE_SHELL):
            continue
        for line, text in strings(file):
            flags = set(FLAG.findall(COMMAND.sub("", text))) - allowed
            assert not flags, f"{file.relative_to(CORE)}:{line} names {flags} in {text!r}"
