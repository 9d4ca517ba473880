"""The files beside the README say what is so: counts, commands, version, workflow."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml
from forked import run_ganzoo

import ganzoo

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ANIMALS = [
    command
    for row in re.findall(r"^\|.*\|$", README, re.MULTILINE)
    for command in re.findall(r"`ganzoo (train [^`]+)`", row)
]


def test_the_readme_counts_what_is_installed():
    kinds = ["architecture", "loss", "penalty", "augmentation", "dataset"]
    (counts,) = re.findall(
        r"(\d+) architectures, (\d+) losses, (\d+) penalties, (\d+) augmentations and (\d+) data",
        README,
    )
    assert [int(count) for count in counts] == [len(ganzoo.names(kind)) for kind in kinds]


def test_the_citation_is_of_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert f"Python {project['requires-python'].removeprefix('>=')} or later" in README
    (torch,) = [d for d in project["dependencies"] if d.startswith("torch>=")]
    assert f"torch {torch.removeprefix('torch>=')} or later" in README


def test_the_workflow_runs_the_projects_own_ci():
    for file in (ROOT / ".github").rglob("*.yml"):
        yaml.safe_load(file.read_text(encoding="utf-8"))
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert "workflows/ci.yml/badge.svg" in README


@pytest.mark.slow
@pytest.mark.parametrize("command", ANIMALS)
def test_the_command_of_every_animal_is_accepted(command, tmp_path):
    code, _, error = run_ganzoo([*shlex.split(command), "--dry-run"], tmp_path)
    assert code == 0, error
