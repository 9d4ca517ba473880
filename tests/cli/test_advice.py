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


SAMPLING = (
    *("sampling.py", "run/run.py", "run/parts.py", "run/checkpoints.py"),
    "execution/device.py",
)
MESSAGES = {
    "sample": SAMPLING,
    "interpolate": (*SAMPLING, "run/pictures.py"),
    "directions": (*SAMPLING, "latents/directions.py", "latents/space.py"),
    "mix": (*SAMPLING, "latents/mixing.py", "latents/space.py"),
    "project": (*SAMPLING, "latents/projecting.py"),
    "export": ("exporting", "run/checkpoints.py"),
    "report": ("reporting", "execution/device.py"),
    "compare": ("reporting", "execution/device.py"),
    "runs": ("reporting",),
    "doctor": ("run/doctor.py",),
    "sweep": ("sweeping",),
}
"""Where the messages of other commands come from."""

OF_TRAIN = {"keep_best", "conditional"}
"""Options that messages name as those the run was trained without: "train with …"."""


@pytest.mark.parametrize("command", MESSAGES)
def test_other_commands_have_each_option_that_their_messages_advise(command):
    places = [CORE / place for place in MESSAGES[command]]
    assert all(place.exists() for place in places)
    names = advised(*places) - OF_TRAIN
    assert {f"--{name.replace('_', '-')}" for name in names} <= options(command)


def test_each_command_is_held_to_this():
    """Those without a message that names an option are left out."""
    assert set(app.commands) - set(MESSAGES) == {
        "cache", "evaluate", "list", "plugins", "resume", "show", "train",
    }  # fmt: skip


def test_the_commands_of_the_cache_have_what_they_advise():
    names = advised(CORE / "cli" / "cache.py")
    (prune,) = [c for c in app.commands["cache"].commands.values() if c.name == "prune"]
    flags = {flag for parameter in prune.params for flag in parameter.opts}
    assert names
    assert {f"--{name.replace('_', '-')}" for name in names} <= flags


def test_what_is_said_of_a_training_under_way_names_options_of_train():
    names = advised(*(CORE / "run" / f"{name}.py" for name in ("health", "divergence")))
    assert {"generator_lr", "precision"} <= names
    assert {f"--{name.replace('_', '-')}" for name in names} <= options("train")


@pytest.mark.parametrize("name", SETTINGS)
def test_sweep_takes_each_setting_as_it_is_advised(name):
    written = advice.speller(app.commands["sweep"])(name, "7").split()
    assert written[0] in options("sweep")
    if written[0] == "-o":
        assert parse_assignment(written[1]) == (SETTINGS[name], 7)
        assert not written[2:]


def test_a_sweep_that_is_refused_is_told_of_its_own_options(ganzoo_cli):
    grid = ["sweep", "--arch", "vanilla", "--loss", "bce", "--data", "emoji", "--size", "8"]
    uneven = ["-o", "training.batch_size=7", "-o", "execution.grad_accum_steps=2"]
    code, _, err = ganzoo_cli(*grid, *uneven, "--steps", "1", "--sweep-dir", "swept")
    assert code == 2
    assert "-o execution.grad_accum_steps=2: -o training.batch_size counts" in err
