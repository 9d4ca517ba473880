"""Promises of messages: in Python they name arguments, at the shell flags."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

import ganzoo
from ganzoo.errors import (
    Message,
    at_shell,
    command,
    did_you_mean,
    in_a_line,
    in_python,
    out_of_memory,
    reading,
    setting,
    shown,
    whole,
)

CORE = Path(ganzoo.__file__).parent
PLUGINS = Path(__file__).parents[1] / "plugins"


@pytest.mark.parametrize(
    ("name", "value", "python", "shell"),
    [
        ("batch_size", None, "batch_size", "--batch-size"),
        ("batch_size", 64, "batch_size=64", "--batch-size 64"),
        ("precision", "fp32", 'precision="fp32"', "--precision fp32"),
        ("generator_lr", 2e-4, "generator_lr=0.0002", "--generator-lr 0.0002"),
        ("override", True, "override=True", "--override"),
        ("conditional", False, "conditional=False", "--no-conditional"),
        ("run_dir", "DIR", "run_dir=DIR", "--run-dir DIR"),
        ("keep_best", "SWD", 'keep_best="SWD"', "--keep-best SWD"),
        ("betas", (0.5, 0.9), "betas=(0.5, 0.9)", "--betas 0.5 0.9"),
        ("device", "cuda:1", 'device="cuda:1"', "--device cuda:1"),
    ],
)
def test_a_setting_is_spelled_in_the_readers_language(name, value, python, shell):
    text = f"try {setting(name, value)}, or not"
    assert in_python(text) == f"try {python}, or not"
    assert at_shell(text) == f"try {shell}, or not"


@pytest.mark.parametrize("kind", [ganzoo.UsageError, ganzoo.GanzooWarning])
def test_errors_and_warnings_speak_python_and_can_speak_shell(kind):
    error = kind(f"too large: {setting('batch_size', 8)} {{braces}} 100 %")
    assert str(error) == "too large: batch_size=8 {braces} 100 %"
    assert error.at_shell() == "too large: --batch-size 8 {braces} 100 %"


@pytest.mark.parametrize(
    ("value", "shell"),
    [("my run", "--run-dir 'my run'"), ("a;b", "--run-dir 'a;b'"), (("a", "b"), "--run-dir 'a b'"),
     ((0.5, 0.9), "--run-dir 0.5 0.9"), ("DIR", "--run-dir DIR")],
)  # fmt: skip
def test_a_value_is_quoted_for_the_shell(value, shell):
    assert at_shell(setting("run_dir", value)) == shell


def test_a_command_is_quoted_for_the_shell():
    assert (
        command("resume", Path("runs/my run"), "--steps", 3)
        == "ganzoo resume 'runs/my run' --steps 3"
    )


def test_no_message_advises_a_command_with_a_value_that_is_not_quoted():
    """`ganzoo.errors.command` quotes what a person pastes into a shell."""
    for file in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else []
            for text, value in pairwise(parts):
                if isinstance(text, ast.Constant) and isinstance(value, ast.FormattedValue):
                    unquoted = re.search(r"`ganzoo (?!show |list )[a-z]+ (\S+ )*$", text.value)
                    assert not unquoted or "quote(" in ast.unparse(value), f"{file}:{node.lineno}"


@pytest.mark.parametrize("kind", [ganzoo.UsageError, ganzoo.GanzooWarning])
def test_a_name_cannot_steer_the_terminal(kind):
    error = kind("no run named \x1b[31mred\x07\u202e\udce4, \tbut\n ü")
    assert str(error) == "no run named \\x1b[31mred\\x07\\u202e\\udce4, \tbut\n ü"
    assert error.at_shell() == str(error)


class Unspeakable:
    def __repr__(self):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10**5000, "a number of 16610 bits"),
        (64, "64"),
        ([0.5, 0.9], "[0.5, 0.9]"),
        ("\x1b[31m", r"'\x1b[31m'"),
        (Unspeakable(), "<Unspeakable instance at "),
    ],
    ids=["huge", "int", "list", "escape", "no repr"],
)
def test_a_wrong_value_is_shown_as_python_writes_it(value, text):
    assert shown(value).startswith(text)


@pytest.mark.parametrize(
    "value", ["x" * 10**6, [[[[[[[[[0]]]]]]]]] * 1000, {"x" * 999: ["y" * 999] * 99}]
)
def test_a_long_value_is_shown_short(value):
    assert len(shown(value)) < 1000


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (RecursionError(), "it is nested too deep"),
        (MemoryError(), "out of memory: try"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "invalid start byte"), "it is not text in UTF-8"),
        (KeyError("step"), "'step'"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (ValueError("line 3\nand more"), "line 3$"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_wrong_with_a_file_from_outside_is_one_error_that_names_it(error, reason):
    told = f"^cannot read the.file: {reason}"
    with pytest.raises(ganzoo.DataError, match=told), reading("the.file", ganzoo.DataError):
        raise error


def test_an_error_of_ganzoo_passes_the_boundary_as_it_is():
    with pytest.raises(ganzoo.UsageError, match="^no$"), reading("the.file"):
        raise ganzoo.UsageError("no")


ALLOCATORS = [
    lambda: torch.empty(2**55, dtype=torch.uint8),
    lambda: np.empty(2**55, dtype=np.uint8),
    lambda: torch.empty(2**62, 2**62),
    lambda: bytearray(2**62),
]


@pytest.mark.parametrize("allocate", ALLOCATORS)
def test_every_allocator_is_understood(allocate):
    with pytest.raises((RuntimeError, MemoryError)) as error:
        allocate()
    assert out_of_memory(error.value).startswith("out of memory")


def test_a_thread_that_cannot_be_started_takes_memory():
    """Python says so where the memory of a process is limited (`ulimit -v`)."""
    error = RuntimeError("can't start new thread")
    assert in_a_line(error).startswith("out of memory: try a smaller batch")


@pytest.mark.parametrize(
    ("error", "line"),
    [(ValueError("\n no such layer\nand more"), "no such layer"), (KeyError(), "KeyError")],
)
def test_an_error_is_told_in_a_line(error, line):
    assert in_a_line(error) == line


def test_the_memory_that_was_asked_for_is_told():
    with pytest.raises(RuntimeError) as error:
        torch.empty(2**50, dtype=torch.uint8)
    assert "(1,048,576.0 GiB were asked for): try a smaller batch" in out_of_memory(error.value)


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes do not match"), ValueError("memory format")]
)
def test_other_errors_are_not_about_memory(error):
    assert out_of_memory(error) is None


def test_a_missing_package_is_wrong_usage_everywhere():
    """The same cause has the same exit code, 2."""
    for file in [*CORE.rglob("*.py"), *PLUGINS.rglob("src/**/*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            raised = ast.unparse(node) if isinstance(node, ast.Raise) else ""
            if re.search("pip install (?!-U)", raised):  # -U is for a version that is too old
                assert "UsageError(" in raised, f"{file}:{node.lineno}"


def test_a_message_quoted_in_another_keeps_both_languages():
    inner = ganzoo.UsageError(f"no: {setting('steps', 3)}")
    outer = ganzoo.GanzooError(f"because {inner.marked}")
    assert outer.at_shell() == "because no: --steps 3"
    assert Message(outer.marked) == "because no: steps=3"
    assert Message(outer.marked).at_shell() == "because no: --steps 3"


@pytest.mark.parametrize(
    ("install", "advice"),
    [("gan-zoo[wandb]", '`pip install "gan-zoo[wandb]"`'), ("lmdb", "`pip install lmdb`")],
)
def test_a_missing_package_is_named_with_what_installs_it(install, advice):
    with pytest.raises(ganzoo.UsageError) as caught, ganzoo.importing("the zoo", install):
        import no_such_package  # noqa: F401
    assert str(caught.value) == (
        f"the zoo needs a package that is not installed: no_such_package; try {advice}"
    )


@pytest.mark.parametrize("name", ["DCGAN", "dcgn", "Dcgan"])
def test_the_nearest_name_is_advised_however_it_is_spelled(name):
    assert did_you_mean(name, ["dcgan", "vanilla"]) == " Did you mean 'dcgan'?"


@pytest.mark.parametrize("number", [3, np.int64(3), torch.tensor(3)])
def test_a_whole_number_is_one_of_python_numpy_or_torch(number):
    assert whole("n", number) == 3


@pytest.mark.parametrize("value", [2.0, "3", None, True, 0, float("nan"), np.array([1, 2])])
def test_what_is_no_whole_number_is_refused_with_the_value(value):
    with pytest.raises(ganzoo.UsageError, match="^n is .*, but should be a whole number of at lea"):
        whole("n", value)
