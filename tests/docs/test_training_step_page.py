"""What the page "Change the training step" shows is true: its diffs apply, its test passes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from environments import ROOT

PAGE = (ROOT / "docs" / "change-the-training-step.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.slow


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def apply_diff(diff: str, root: Path) -> None:
    """Replace the old lines of each hunk, which the file must have exactly once, by the new."""
    header, *hunks = re.split(r"^@@ .* @@\n", diff, flags=re.M)
    file = root / re.findall(r"^\+\+\+ b/(.*)$", header, re.M)[0]
    text = file.read_text(encoding="utf-8")
    for hunk in hunks:
        lines = hunk.splitlines()
        old = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        assert text.count(old) == 1, f"{file.name} has not exactly once:\n{old}"
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def changed(tmp_path_factory) -> Path:
    """A copy of the code with the diffs of the page and its test."""
    root = tmp_path_factory.mktemp("changed")
    shutil.copytree(ROOT / "ganzoo", root / "ganzoo")
    (root / "tests" / "training").mkdir(parents=True)
    for name in ("pyproject.toml", "tests/conftest.py", "tests/toys.py"):
        shutil.copy(ROOT / name, root / name)
    diffs = blocks("diff")
    assert len(diffs) == 3
    for diff in diffs:
        apply_diff(diff, root)
    (code,) = [code for code in blocks("python") if code.startswith("# tests/")]
    (root / code.splitlines()[0].removeprefix("# ")).write_text(code, encoding="utf-8")
    return root


def python(
    root: Path, *arguments: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Python with the changed code, which comes before the installed one."""
    environment = {"PYTHONPATH": str(root), "GANZOO_CACHE_DIR": str(root / "cache")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd or root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_its_test_passes_with_its_diffs(changed):
    done = python(changed, "-m", "pytest", "tests/training", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


TRAIN_AND_PRINT = """
from ganzoo.cli import main
try:
    main({words})
except SystemExit as end:
    assert not end.code
print("snippet:")
{code}
"""
"""Its command, and its snippet after it."""


@pytest.mark.parametrize("flag", ["--center-gradients", "--no-center-gradients"])
def test_the_flag_holds_the_mean_weights_of_a_run(changed, tmp_path, flag):
    (command,) = re.findall(r"^ganzoo (train .* --center-gradients .*)$", PAGE, re.M)
    words = command.replace("--center-gradients", flag).split()
    (code,) = [code for code in blocks("python") if not code.startswith("# tests/")]
    program = TRAIN_AND_PRINT.format(words=words, code=code)
    done = python(changed, "-c", program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.partition("snippet:\n")[2].splitlines()
    changes = [tuple(map(float, line.split()[1:])) for line in printed]
    assert len(changes) == 4
    for weight, mean in changes:
        assert weight > 1e-6
        assert (mean < 0.01 * weight) == (flag == "--center-gradients")


def test_the_message_of_a_wrong_value_is_the_one_it_shows(changed, tmp_path):
    (message,) = re.findall(r"^\| errors \| `(.*)` \|$", PAGE, re.M)
    words = ["train", "--arch", "vanilla", "--loss", "bce", "-o", "training.center_gradients=2"]
    done = python(changed, "-m", "ganzoo", *words, "--dry-run", cwd=tmp_path)
    assert done.returncode == 2
    assert message.replace("the command line", "-o") in " ".join(done.stderr.split())


def test_every_file_it_names_exists():
    for name in re.findall(r"`((?:ganzoo|tests)/[\w/]+(?:\.py|/)?)`", PAGE):
        assert name == "tests/training/test_centralization.py" or (ROOT / name).exists(), name
