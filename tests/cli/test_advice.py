"""Promises of advice: a message names only options of the command that shows it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ganzoo
from ganzoo.cli import advice
from ganzoo.cli.app import app
from ganzoo.config import SETTINGS, parse_assignment

CORE = Path(ganzoo.__file__).parent
PLUGINS = [Path(ganzoo.create("metric", n).__class__.measure.__code__.co_filename).parent
           for n in ("copying", "class-shares")]  # fmt: skip

EVALUATING = ("evaluation", "execution/device.py", "run/evaluating.py", "run/image_sources.py")
"""Where the messages of `ganzoo evaluate` come from."""


def advised(*places: Path) -> set[str]:
    """Names of the settings that messages name: the first argument of `setting`."""
    files = [f for place in places for f in ([place] if place.suffix else place.rglob("*.py"))]
    calls = (
        n for f in files for n in ast.walk(ast.parse(f.read_text())) if isinstance(n, ast.Call)
    )
    return {
        call.args[0].value
        for call in calls
        if "setting" in (getattr(call.func, "id", ""), getattr(call.func, "attr", ""))
        and isinstance(call.args[0], ast.Constant)
    }


def options(command: str) -> set[str]:
    return {flag for parameter in app.commands[command].params for flag in parameter.opts}


def test_evaluate_has_each_option_that_its_messages_advise():
    names = advised(*(CORE / place for place in EVALUATING), *PLUGINS)
    assert {"metric", "extractor", "against", "n", "device"} <= names
    names |= advised(CORE / "data" / "reading.py")
    assert {f"--{name.replace('_', '-')}" for name in names} <= options("evaluate")


@pytest.mark.parametrize("name", SETTINGS)
def test_resume_takes_each_setting_as_it_is_advised(name):
    written = advice.speller(app.commands["resume"])(name, "7").split()
    if written[0] == "-o":
        assert parse_assignment(written[1]) == (SETTINGS[name], 7)
        assert written[2:] == ["--override"]
        assert {"-o", "--override"} <= options("resume")
    else:
        assert written[0] in options("resume")


def test_train_has_a_flag_for_each_setting():
    spell = advice.speller(app.commands["train"])
    assert all(spell(name, "7").split()[0] in options("train") for name in SETTINGS)


def test_a_resumed_run_is_told_of_the_option_that_resume_takes(ganzoo_cli, trained_once, tmp_path):
    config = trained_once / "config.toml"
    before = config.read_text()
    config.write_text(before.replace('device = "cpu"', 'device = "xpu"'))
    try:
        code, _, err = ganzoo_cli("resume", trained_once, "--steps", "9")
    finally:
        config.write_text(before)
    assert code == 2
    expected = advice.speller(app.commands["resume"])("device", "auto")
    assert f"{expected} chooses" in err
