"""A real outsider: `tests/outsider`, a package that knows ganzoo by its public names alone.

It is built, installed beside the ganzoo wheel, listed, trained from the shell and from Python,
mixed with the zoo's own animals, tested by its own tests, and uninstalled again.
"""

from __future__ import annotations

import ast
import shutil
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
from environments import ROOT, Environment, build_wheel

import ganzoo

OUTSIDER = ROOT / "tests" / "outsider"
PROJECT = tomllib.loads((OUTSIDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PUBLIC_MODULES = {"ganzoo", "ganzoo.testing"}

TRAIN = (
    *("train", "--arch", "nocturne", "-o", "arch.width=8", "-o", "arch.blocks=1"),
    *("--loss", "twilight", "--data", "night-sky", "-o", "data.count=40", "-o", "data.size=16"),
    *("--conditional", "--steps", "4", "--batch-size", "4", "--sample-count", "8"),
    *(
        "--checkpoint-every",
        "2",
        "--observer",
        "night-watch",
        "--device",
        "cpu",
        "--run-dir",
        "run",
    ),
)

PROVIDES = {
    "architecture": "nocturne",
    "losses": "twilight, compass, mosaic",
    "penalty": "tide",
    "augmentation": "clouds",
    "constraint": "orbit",
    "dataset": "night-sky",
    "observer": "night-watch",
}
ANIMALS = ", ".join(PROVIDES.values()).split(", ")
"""What it provides, besides a command."""

FROM_PYTHON = """
    import warnings

    warnings.simplefilter("error")
    import ganzoo

    small = dict(steps=2, batch_size=4, sample_count=4, device="cpu", size=16)
    night = {"name": "nocturne", "width": 8, "blocks": 1}
    combinations = {
        "together": (night, "twilight", {"name": "night-sky", "count": 40}),
        "its architecture": (night, "wgan-gp", {"name": "emoji"}),
        "its loss": ({"name": "dcgan", "base_channels": 4}, "twilight", {"name": "emoji"}),
        "its data": ({"name": "vanilla", "width": 8}, "acgan", {"name": "night-sky", "count": 40}),
        "its output": ({"name": "vanilla", "width": 8}, "compass", {"name": "emoji"}),
        "its patches": ({**night, "patches": True}, "mosaic", {"name": "emoji"}),
        "its vectors": (night, "bce", {"name": "night-sky", "condition": "ephemeris"}),
    }
    more = {
        "its output": {"augment": ["clouds", "diffaugment"], "constraint": "orbit"},
        "its patches": {"penalty": {"tide": {"interval": 1}, "r1": {}}},
        "its vectors": {"conditional": True},
    }
    for name, (arch, loss, data) in combinations.items():
        own = more.get(name, {})
        run = ganzoo.train(arch=arch, loss=loss, data=data, run_dir=name, **small, **own)
        images = run.sample(3)
        assert images.shape == (3, 3, 16, 16), images.shape
        assert images.isfinite().all()
        print(name)
"""


def modules() -> list[Path]:
    return sorted(OUTSIDER.rglob("*.py"))


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(OUTSIDER)))
def test_the_outsider_uses_public_names_only(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            of_ours = {a.name for a in node.names if a.name.split(".")[0] == "ganzoo"}
            assert of_ours <= PUBLIC_MODULES
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ganzoo":
            assert node.module in PUBLIC_MODULES
            used |= {a.name for a in node.names} if node.module == "ganzoo" else set()
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "ganzoo":
            used.add(node.attr)
    assert used <= {*ganzoo.__all__, "testing"}


def test_the_outsider_declares_what_it_imports():
    used = set()
    for file in (OUTSIDER / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                used |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                used.add((node.module or "").split(".")[0])
    used -= {*sys.stdlib_module_names, "nocturne_gan"}
    declared = {line.split(">=")[0] for line in PROJECT["dependencies"]}
    assert {"gan-zoo" if name == "ganzoo" else name for name in used} == declared


@pytest.mark.slow
def test_the_outsider_lives_in_the_zoo_and_leaves_it_as_it_was(environment: Environment, tmp_path):
    """One story, in the order in which it happens to a user."""
    wheel = build_wheel(OUTSIDER, tmp_path / "dist")
    before = environment.succeed("ganzoo", "list"), environment.succeed("ganzoo", "plugins")

    def ganzoo_says(*arguments: str, warm: bool = False) -> str:
        return environment.succeed("ganzoo", *arguments, cwd=tmp_path, warm=warm)

    with environment.installed(wheel):
        listed = ganzoo_says("list")
        for animal in ANIMALS:
            assert f"\n  {animal} " in listed
        unwrapped = " ".join(listed.split()).replace("- ", "-")
        assert unwrapped.count("[nocturne-gan 0.3.0]") == len(ANIMALS)
        plugins = ganzoo_says("plugins")
        assert "nocturne  (nocturne-gan 0.3.0, nocturne_gan.plugin)" in plugins
        provided = plugins.split("nocturne_gan.plugin)")[1].split("loaded: ")[1].splitlines()[0]
        for kind, names in PROVIDES.items():
            assert f"{kind} {names}" in provided
        assert provided.endswith("command night-log")
        assert "provided by" in (shown := ganzoo_says("show", "loss", "twilight", warm=True))
        assert "consistency" in shown

        ganzoo_says(*TRAIN, warm=True)
        assert "Print what the night-watch wrote" in ganzoo_says("--help")
        assert ganzoo_says("night-log", "run", "--last", "1") == "- step 4: dawn\n"
        moons = ("--class", "full", "--n", "4", "--out", "moons.png")
        ganzoo_says("sample", "run", *moons, warm=True)
        assert (tmp_path / "moons.png").exists()
        code = textwrap.dedent(FROM_PYTHON)
        out = environment.succeed("python", "-c", code, cwd=tmp_path, warm=True)
        assert out.splitlines() == [
            *("together", "its architecture", "its loss", "its data", "its output"),
            *("its patches", "its vectors"),
        ]

        shutil.copytree(OUTSIDER / "tests", tmp_path / "own" / "tests")
        shutil.copy(OUTSIDER / "pyproject.toml", tmp_path / "own")
        command = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
        own = environment.succeed("python", *command, cwd=tmp_path / "own", warm=True)
        assert "passed" in own

    assert (environment.succeed("ganzoo", "list"), environment.succeed("ganzoo", "plugins")) == (
        before
    )
    result = environment("ganzoo", "sample", "run", cwd=tmp_path)
    assert result.code == 2
    assert "no architecture named 'nocturne'" in result.err
    assert "If you trust it: pip install nocturne-gan==0.3.0" in result.err
