"""The tutorials' packages, written down as they stand: they build, are found, pass and train."""

from __future__ import annotations

import re
import shlex
import zipfile
from pathlib import Path

import pytest
from environments import ROOT, build_wheel
from forked import run_ganzoo, run_pytest

from ganzoo.scaffold import KINDS_OFFERED

TUTORIALS = [p for p in sorted((ROOT / "docs" / "tutorials").glob("*.md")) if p.stem != "index"]
SMALL = ["--steps", "2", "--batch-size", "4", "--sample-count", "4", "--threads", "1"]

pytestmark = pytest.mark.slow


def files(text: str) -> dict[str, str]:
    """The code blocks that begin with a comment that is a file's path, by this path."""
    blocks = re.findall(r"^```(?:python|toml)\n(# ([\w./-]+)\n.*?)^```", text, re.M | re.S)
    shown = {name: code for code, name in blocks}
    assert len(blocks) == len(shown), "a file is shown twice"
    return shown


def commands(text: str) -> list[str]:
    """Every line of the shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


def run(command: str, cwd: Path, **environment: str) -> tuple[int, str, str]:
    """Run a command in a folder; training is cut short."""
    program, *words = shlex.split(command)
    if program == "pytest":
        return run_pytest(words, cwd, **environment)
    assert program == "ganzoo"
    if words[0] == "train" and "--dry-run" not in words:
        words += SMALL
    return run_ganzoo(words, cwd, **environment)


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_the_package_of_a_tutorial_builds_passes_its_tests_and_trains(tutorial, tmp_path):
    """Built by its own pyproject.toml; unpacking the wheel is what an installer does."""
    text = tutorial.read_text(encoding="utf-8")
    package = tmp_path / "package"
    for name, code in files(text).items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(code)
    site = tmp_path / "site"
    with zipfile.ZipFile(build_wheel(package, tmp_path / "dist")) as wheel:
        wheel.extractall(site)
    environment = {
        "PYTHONPATH": str(site),
        "GANZOO_STRICT_PLUGINS": "1",
        "OMP_NUM_THREADS": "1",
    }
    install, *others = commands(text)
    assert install == 'pip install -e ".[test]"'
    assert [command.split()[:2] for command in others[:3]] == [
        ["pytest"],
        ["ganzoo", "list"],
        ["ganzoo", "show"],
    ]
    assert any(command.startswith("ganzoo train") for command in others[3:])
    printed = {}
    for command in others:
        code, printed[command], err = run(command, package, **environment)
        assert code == 0, f"{command}\n{printed[command]}{err}"
    name = others[2].split()[-1]
    assert re.search(rf"^  {name} ", printed[others[1]], re.M)


def test_the_tutorials_show_every_kind_that_they_should():
    subjects = {"logger" if kind == "observer" else kind for kind in KINDS_OFFERED}
    assert {path.stem for path in TUTORIALS} == subjects


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_plugin_and_options_of_a_tutorial_import_no_torch(tutorial):
    shown = files(tutorial.read_text(encoding="utf-8"))
    light = {
        name: code for name, code in shown.items() if name.endswith(("plugin.py", "options.py"))
    }
    assert len(light) == 2
    for name, code in light.items():
        assert "import torch" not in code, name
        assert "from torch" not in code, name
