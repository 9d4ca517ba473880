"""What README and docs show is run: every command and every snippet."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GALLERY = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.slow


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """Every `ganzoo …` command, without its comment."""
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    found = [line.split("&&")[-1].split("  #")[0].strip() for line in lines]
    return [line for line in found if line.startswith("ganzoo ")]


def run(command: list[str], cwd: Path, **more: str) -> str:
    environment = os.environ | {"GANZOO_CACHE_DIR": str(cwd.parent / "cache")} | more
    result = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=500
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout


def shortened(command: str) -> list[str]:
    """A command as a list; training is cut to two steps."""
    words = shlex.split(command)
    folder = os.environ.get("GANZOO_FASHION_MNIST_DIR")
    words = [w.replace("FOLDER", folder or "") for w in words]
    if not folder and "data.path=" in words:
        at = words.index("data.path=")
        del words[at - 1 : at + 1]
    if words[1] == "train" and "--dry-run" not in words:
        words += ["--steps", "2"]
    return [sys.executable, "-m", *words]


def test_the_commands_of_the_readme_run_one_after_another(tmp_path):
    here = tmp_path / "here"
    (here / "photos").mkdir(parents=True)
    for k in range(8):
        Image.new("RGB", (80, 70), (k * 20, 99, 9)).save(here / "photos" / f"{k}.jpg")
    found = commands(README)
    assert len(found) >= 9
    for command in found:
        run(shortened(command), here)
    assert (here / "grid.png").exists()
    assert (here / "walk.gif").exists()


def test_the_commands_of_the_gallery_run(tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    found = commands(GALLERY)
    assert len(found) >= 3
    for command in found:
        run(shortened(command), here)


def test_the_snippets_of_the_readme_run(tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    whole = [code for code in blocks(README, "python") if not code.startswith("# acme_gan")]
    assert len(whole) == 2
    for code in whole:
        run([sys.executable, "-c", code], here)
    assert (here / "grid.png").exists()


def test_the_plugin_of_the_readme_trains(tmp_path):
    """Its files are put into a package as they stand, with the metadata of an installer."""
    site, here = tmp_path / "site", tmp_path / "here"
    here.mkdir()
    (site / "acme_gan").mkdir(parents=True)
    (site / "acme_gan" / "__init__.py").write_text("")
    for code in blocks(README, "python"):
        if match := re.match(r"# (acme_gan/\w+\.py)", code):
            (site / match[1]).write_text(code)
    (points,) = [b for b in blocks(README, "toml") if "entry-points.ganzoo" in b]
    info = site / "acme_gan-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-gan\nVersion: 1.0\n")
    line = points.splitlines()[-1].replace('"', "")
    (info / "entry_points.txt").write_text(f"[ganzoo]\n{line}\n")
    train = shortened("ganzoo train --arch vanilla --loss acme")
    assert "Done" in run(train, here, PYTHONPATH=str(site))


def test_every_link_of_the_docs_leads_somewhere():
    for file in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", file.read_text(encoding="utf-8")):
            assert (file.parent / target).exists(), f"{file.name} links to {target}"
