"""Promises of messages: in Python they name arguments, at the shell flags."""

from __future__ import annotations

import pytest

import ganzoo
from ganzoo.errors import Message, at_shell, in_python, setting


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


def test_a_message_quoted_in_another_keeps_both_languages():
    inner = ganzoo.UsageError(f"no: {setting('steps', 3)}")
    outer = ganzoo.GanzooError(f"because {inner.marked}")
    assert outer.at_shell() == "because no: --steps 3"
    assert Message(outer.marked) == "because no: steps=3"
    assert Message(outer.marked).at_shell() == "because no: --steps 3"
