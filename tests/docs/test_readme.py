"""What README and docs show is run: every command and every snippet."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import re
import shlex
from contextlib import suppress
from pathlib import Path

import click
import pytest
from forked import run_ganzoo, run_snippet
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GALLERY = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
REPORT = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
EXPORT = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
EVALUATION = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
SWEEPS = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
LATENTS = (ROOT / "docs" / "latents.md").read_text(encoding="utf-8")
RECIPES = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

OTHERS_FLAGS = {
    *("--nproc-per-node", "--nnodes", "--max-restarts", "--standalone"),  # torchrun
    *("--rdzv-backend", "--rdzv-endpoint", "--rdzv-id"),
    *("--nodes", "--ntasks-per-node", "--gpus-per-node", "--cpus-per-task", "--requeue"),  # SLURM
    *("--keep-going", "--logdir"),  # Sphinx, TensorBoard
}

pytestmark = pytest.mark.slow


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """Every `ganzoo …` command, without its comment."""
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    found = [line.split("&&")[-1].split("  #")[0].strip() for line in lines]
    return [line for line in found if line.startswith("ganzoo ")]


@functools.cache
def modules_of(distribution: str, extras: frozenset[str] = frozenset()) -> frozenset[str]:
    """Top-level modules of an installed distribution with extras, and of all that it requires."""
    modules = {top for top, name in TOPS if name == canonicalize_name(distribution)}
    for requirement in map(Requirement, importlib.metadata.requires(distribution) or ()):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            with suppress(importlib.metadata.PackageNotFoundError):
                modules |= modules_of(requirement.name, frozenset(requirement.extras))
    return frozenset(modules)


TOPS = [
    (top, canonicalize_name(name))
    for top, names in importlib.metadata.packages_distributions().items()
    for name in names
]
"""Top-level modules with the distributions that have them."""

FOR_DEVELOPERS = {"test", "docs", "dev"}
EXTRAS = frozenset(importlib.metadata.metadata("gan-zoo").get_all("Provides-Extra") or ())
EXTRAS -= FOR_DEVELOPERS


def not_installed(text: str, command: str) -> frozenset[str]:
    """Modules of the extras that a page does not install before a command."""
    lines = re.findall(r'pip install "(?:gan-zoo|\.)\[([\w,-]+)\]"', text.partition(command)[0])
    installed = EXTRAS & {extra for line in lines for extra in line.split(",")}
    return modules_of("gan-zoo", EXTRAS) - modules_of("gan-zoo", installed)


WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({modules!r}))
sys.argv = ["ganzoo", *{arguments!r}]
from ganzoo.cli import main
main({arguments!r})
"""
"""A command of an installation that lacks some modules."""


TWO_STEPS = {"--kimg": "0.1", "--epochs": "0.01"}
"""Two steps of 64 of the 10,000 images, in other units."""


def shortened(command: str) -> list[str]:
    """The arguments of a command; training is cut to two steps, an evaluation to 100 images."""
    words = shlex.split(command)
    folder = os.environ.get("GANZOO_FASHION_MNIST_DIR")
    words = [w.replace("FOLDER", folder or "") for w in words]
    if not folder and "data.path=" in words:
        at = words.index("data.path=")
        del words[at - 1 : at + 1]
    for unit, amount in TWO_STEPS.items():
        if unit in words:
            words[words.index(unit) + 1] = amount
            return words[1:]
    if words[1] == "train" and "--dry-run" not in words:
        words += ["--steps", "2"]
    if words[1] == "resume":
        words[words.index("--steps") + 1] = "4"
    if words[1] == "evaluate":
        words += ["--n", "100"]
    return words[1:]


@pytest.fixture
def here(tmp_path):
    """An empty folder but for some photos."""
    (tmp_path / "here" / "photos").mkdir(parents=True)
    for k in range(8):
        picture = Image.new("RGB", (80, 70), (k * 20, 99, 9))
        picture.save(tmp_path / "here" / "photos" / f"{k}.jpg")
    return tmp_path / "here"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *((README, 20), (GUIDE, 34), (GALLERY, 5), (REPORT, 6)),
        *((EXPORT, 5), (RECIPES, 5)),
    ],
    ids=["readme", "guide", "gallery", "report", "export", "recipes"],
)
def test_commands_run_one_after_another(text, count, here):
    for code in blocks(text, "toml"):
        if match := re.match(r"# (\w+\.toml)\n", code):
            (here / match[1]).write_text(code)
    found = commands(text)
    assert len(found) == count
    for command in found:
        lacking = sorted(not_installed(text, command))
        program = WITHOUT.format(modules=lacking, arguments=shortened(command))
        code, out, err = run_snippet(program, here)
        assert code == 0, f"{command}\n{out}{err}"


def test_a_command_that_lacks_its_extra_fails_with_the_command_that_installs_it(here):
    """So the test above would notice. A page that names the extra needs nothing else."""
    assert "plotly" in not_installed(README, "ganzoo train --arch dcgan --loss bce")
    assert "torch" not in not_installed(README, "ganzoo train --arch dcgan --loss bce")
    assert "plotly" not in not_installed('pip install "gan-zoo[report]"\nganzoo', "ganzoo")
    train = shortened("ganzoo train --arch vanilla --loss bce --run-dir runs/mine")
    assert run_ganzoo(train, here)[0] == 0
    tiny = "train --arch vanilla --loss bce --steps 1"
    for command, extra in (
        ("export runs/mine --format onnx", "export"),
        ("report runs/mine", "report"),
        (f"{tiny} --observer tensorboard", "tensorboard"),
        (f"{tiny} --eval-every 1", "evaluation"),
    ):
        program = WITHOUT.format(
            modules=sorted(not_installed("", "ganzoo")), arguments=command.split()
        )
        code, _, err = run_snippet(program, here)
        assert code in (1, 2)
        assert f'pip install "gan-zoo[{extra}]"' in err


def test_evaluate_without_its_extras_measures_the_rest_and_names_them(here):
    train = shortened("ganzoo train --arch vanilla --loss bce --run-dir runs/mine")
    assert run_ganzoo(train, here)[0] == 0
    program = WITHOUT.format(
        modules=sorted(not_installed("", "ganzoo")),
        arguments=["evaluate", "runs/mine", "--n", "100", "--no-floor"],
    )
    code, out, err = run_snippet(program, here)
    assert code == 0, err
    assert "not measured: frechet: " in out
    assert 'pip install "gan-zoo[evaluation]"' in out


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *((README, 2), (GUIDE, 5), (REPORT, 1), (RECIPES, 1), (EVALUATION, 2)),
        *((SWEEPS, 1), (LATENTS, 2)),
    ],
    ids=["readme", "guide", "report", "recipes", "evaluation", "sweeps", "latents"],
)
def test_snippets_run(text, count, here):
    whole = [code for code in blocks(text, "python") if not code.startswith("# acme_gan")]
    assert len(whole) == count
    for code in whole:
        status, out, err = run_snippet(code, here)
        assert status == 0, f"{code}\n{out}{err}"


def test_what_the_page_on_export_shows_runs_from_top_to_bottom(here):
    """Its second snippet takes the run that its first command trains."""
    for command in commands(EXPORT)[:1]:
        assert run_ganzoo(shortened(command), here)[0] == 0
    snippets = blocks(EXPORT, "python")
    assert len(snippets) == 2
    for code in snippets:
        status, out, err = run_snippet(code, here)
        assert status == 0, f"{code}\n{out}{err}"


def test_the_plugin_of_the_readme_trains(tmp_path, here):
    """Its files are put into a package as they stand, with the metadata of an installer."""
    site = tmp_path / "site"
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
    _, out, err = run_ganzoo(train, here, PYTHONPATH=str(site))
    assert "Done" in out, err


AT_THE_HOST = "../../actions/"
"""Pages that the code host adds beside a repository: the state of its workflows."""


def test_every_link_of_the_docs_leads_somewhere():
    for file in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", file.read_text(encoding="utf-8")):
            found = (file.parent / target).exists() or target.startswith(AT_THE_HOST)
            assert found, f"{file.name} links to {target}"


def flags_of(command: click.Command) -> set[str]:
    """The flags of a command and of those below it, those of plugins too."""
    own = {flag for p in command.params for flag in (*p.opts, *p.secondary_opts)}
    if not isinstance(command, click.Group):
        return own
    context = click.Context(command)
    below = [command.get_command(context, name) for name in command.list_commands(context)]
    return own.union(*(flags_of(found) for found in below if found is not None))


def test_every_flag_that_the_docs_name_exists():
    from ganzoo.cli.app import app

    known = flags_of(app) | OTHERS_FLAGS
    of_the_example = {"--center-gradients", "--no-center-gradients"}
    of_programs = {
        "benchmarks.md",
        "zoo.md",
    }  # programs of tests/benchmarks have flags of their own
    for file in PAGES:
        if file.name not in of_programs:
            flags = re.findall(r"(?<![\w-])--[a-z][a-z-]*", file.read_text(encoding="utf-8"))
            assert set(flags) <= known | of_the_example | {"--help"}, file.name
