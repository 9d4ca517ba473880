"""Promises of shell completion: options, classes and runs are offered, and no torch imported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from ganzoo.cli.app import app


def completed(*words: str) -> list[str]:
    """What is offered for the last word."""
    shell = ShellComplete(app, {}, "ganzoo", "_GANZOO_COMPLETE")
    return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]


def test_options_of_the_chosen_components_have_their_defaults():
    assert completed("train", "--arch", "dcgan", "-o", "arch.base") == ["arch.base_channels=auto"]
    assert completed("train", "--arch", "vanilla", "-o", "arch.base") == []
    assert completed("train", "--loss", "wasserstein", "-o", "loss.") == ["loss.clip=0.01"]
    assert "arch.base_channels=auto" in completed("train", "-o", "arch.")  # none is chosen yet


def test_options_of_penalties_have_their_names():
    found = completed("train", "--penalty", "r1", "--penalty", "dragan", "-o", "penalty.")
    assert {name.split(".")[1] for name in found} == {"r1", "dragan"}
    assert "penalty.r1.weight=10.0" in found


def test_settings_are_options_too_and_a_default_that_needs_quotes_is_left_out():
    found = completed("train", "-o", "training.")
    assert "training.n_critic=1" in found
    assert "training.betas=" in found
    assert completed("train", "-o", "execution.work") == ["execution.workers="]


def test_options_of_a_run_are_those_of_its_components(trained):
    found = completed("resume", str(trained), "-o", "arch.")
    assert "arch.width=" in {name.split("=")[0] + "=" for name in found}
    assert not any("base_channels" in name for name in found)


def test_options_of_an_evaluation_are_of_metrics_and_extractors():
    found = completed("evaluate", "run", "--metric", "kernel", "-o", "")
    assert {name.split(".")[0] for name in found} == {"metric", "extractor"}
    assert {name.split(".")[1] for name in found if name.startswith("metric")} == {"kernel"}


def test_classes_of_a_run_are_completed(trained):
    assert completed("sample", str(trained), "--class", "Fl") == ["Flags"]
    assert len(completed("sample", str(trained), "--class", "")) == 10
    assert completed("sample", "nowhere", "--class", "") == []


@pytest.mark.parametrize("command", [["resume"], ["sample"], ["doctor"], ["show", "run"],
                                     ["compare", "other"], ["evaluate"]], ids=" ".join)  # fmt: skip
def test_runs_are_completed_by_path_and_by_name(trained, command):
    for name in ("runs/00001-a", "runs/00002-b", "other/mine"):
        shutil.copytree(trained, name)
    Path("runs/notes").mkdir()
    assert completed(*command, "ru") == ["runs/00001-a", "runs/00002-b"]
    assert completed(*command, "00002") == ["runs/00002-b"]
    assert completed(*command, "other/m") == ["other/mine"]


def test_show_completes_kinds_and_names():
    assert set(completed("show", "wgan-g")) >= {"wgan-gp"}
    assert set(completed("show", "loss", "wgan")) == {"wgan-div", "wgan-gp"}
    assert completed("show", "losse") == ["losses"]


def test_a_shell_is_answered_without_torch():
    """As bash asks: a slow answer would block the prompt."""
    asked = {"_GANZOO_COMPLETE": "bash_complete", "COMP_CWORD": "5",
             "COMP_WORDS": "ganzoo train --arch dcgan -o arch.base"}  # fmt: skip
    code = (
        "import sys\nfrom ganzoo.cli import main\n"
        "try:\n    main([])\nfinally:\n    print({'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | asked, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["plain,arch.base_channels=auto", "set()"]
