"""The site builds without a warning, and its reference leaves nothing public out."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from unicodedata import lookup

import click
import pytest
from environments import ROOT

import ganzoo
import ganzoo.testing
from ganzoo.cli.app import app
from ganzoo.config import RunConfig
from ganzoo.discovery import hookspecs, registry, specs
from ganzoo.interfaces.options import describe

pytestmark = pytest.mark.slow


def plain(text: str) -> str:
    """Without what tells source from page: backticks, typographic quotes, line breaks."""
    typography = {"…": "...", "`": ""}
    for mark, size in (("'", "SINGLE"), ('"', "DOUBLE")):
        sides = (lookup(f"{side} {size} QUOTATION MARK") for side in ("LEFT", "RIGHT"))
        typography |= dict.fromkeys(sides, mark)
    return " ".join(text.translate(str.maketrans(typography)).split())


def unspaced(text: str) -> str:
    """Plain text without spaces: an element's text is set apart from what follows it."""
    return plain(text).replace(" ", "")


FIELD_TERMS = [
    "gradient accumulation", "mixed precision", "horizontal flip", "exponential moving average",
    "data parallel", "learning rate", "random seed", "global batch size", "memory-mapped",
    "spectral normalization", "differentiable augmentation", "schedule", "half-life", "path length",
]  # fmt: skip

GENERATED = {"genindex.html", "search.html", "py-modindex.html"}

HOOKS = {name: f for name, f in vars(hookspecs).items() if name.startswith("ganzoo_")}
CLASSES = {n: getattr(ganzoo, n) for n in ganzoo.__all__ if isinstance(getattr(ganzoo, n), type)}


class Site:
    """A built site: what its pages define, and their elements."""

    def __init__(self, path: Path) -> None:
        from sphinx.util.inventory import InventoryFile

        self.path = path
        with (path / "objects.inv").open("rb") as file:
            inventory = InventoryFile.load(file, "", os.path.join)
        self.defined = {
            (kind.split(":")[0], name) for kind in inventory for name in inventory[kind]
        }

    def page(self, name: str):
        from bs4 import BeautifulSoup

        return BeautifulSoup(
            (self.path / f"{name}.html").read_text(encoding="utf-8"), "html.parser"
        )

    def tables(self, page: str) -> dict[str, str]:
        """Text of each row of a page's tables, by what its first cell says first."""
        rows = (row for row in self.page(page).find_all("tr") if row.td)
        return {row.td.get_text().split()[0]: plain(row.get_text()) for row in rows}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    """The site that `.ci/run` has just built so, or else one that is built here."""
    if built := os.environ.get("GANZOO_SITE"):
        return Site(Path(built))
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q"]
    done = subprocess.run(
        [*build, "-d", folder / "doctrees", ROOT / "docs", folder / "html"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Site(folder / "html")


def test_every_public_name_is_there(site):
    names = [f"ganzoo.{name}" for name in ganzoo.__all__]
    names += [f"ganzoo.testing.{name}" for name in ganzoo.testing.__all__]
    assert [name for name in names if ("py", name) not in site.defined] == []


@pytest.mark.parametrize("name", CLASSES)
def test_every_public_method_is_there(name, site):
    methods = [
        attribute
        for attribute, value in vars(CLASSES[name]).items()
        if not attribute.startswith(("_", "model_"))
        and isinstance(value, property | classmethod | type(describe))
        and name != "RunConfig"  # whatever a pydantic model holds
    ]
    assert [m for m in methods if ("py", f"ganzoo.{name}.{m}") not in site.defined] == []


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_there_with_each_parameter_explained(name, site):
    term = site.page("reference/hooks").find(id=f"ganzoo.discovery.hookspecs.{name}")
    assert term is not None
    signature = inspect.signature(HOOKS[name])
    assert str(signature.return_annotation) in term.get_text()
    explanation = term.find_next_sibling("dd")
    assert plain(explanation.p.get_text()) == plain(
        inspect.getdoc(HOOKS[name]).partition("\n\n")[0]
    )
    explained = {strong.get_text() for strong in explanation.find_all("strong")}
    assert set(signature.parameters) <= explained


def all_commands(
    command: click.Command, *path: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from all_commands(inner, *path, name)


COMMANDS = {"-".join(path): command for path, command in all_commands(app, "ganzoo")}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_with_each_option_and_argument(name, site):
    assert site.page("reference/cli").find(id=name) is not None
    for parameter in COMMANDS[name].params:
        words = [*parameter.opts, *parameter.secondary_opts]
        if isinstance(parameter, click.Argument):
            words = [parameter.human_readable_name]
        for word in words:
            assert ("std", f"{name}.{word}") in site.defined, word


def test_every_setting_is_there_with_its_default_and_range(site):
    rows = site.tables("reference/config")
    for section, field in RunConfig.model_fields.items():
        if section in {kind.section for kind in specs.KINDS.values()}:
            assert section in rows
            continue
        for option in describe(field.annotation):
            row = rows[f"{section}.{option.name}"]
            assert option.description
            for fact in (option.type, option.default, option.range, option.description):
                assert plain(fact) in row


@pytest.mark.parametrize("term", FIELD_TERMS)
def test_a_term_of_the_field_is_found_by_searching(term, site):
    """Somebody who knows the papers and PyTorch's documentation searches for these."""
    pages = [page for page in site.path.rglob("*.html") if page.name not in GENERATED]
    assert any(term in plain(page.read_text(encoding="utf-8")).lower() for page in pages)


def test_every_component_of_the_zoo_is_there_with_each_option(site):
    headings = site.page("reference/zoo").find_all("h3")
    shown: dict[str, str] = defaultdict(str)  # a recipe may be called like a component
    for heading in headings:
        shown[heading.get_text().rstrip("¶")] += heading.parent.get_text(" ")
    for record in ganzoo.default_host().records:
        for component in record.components if record.is_from("gan-zoo") else ():
            if (
                component.spec.kind not in specs.LISTED
            ):  # a command, which the page on commands explains
                continue
            text = shown[component.spec.name]
            assert unspaced(component.spec.summary) in unspaced(text)
            assert all(o.name in text for o in describe(registry.options_model(component)))


def test_every_recipe_is_on_the_page_on_recipes_with_what_it_trains(site):
    page = plain(site.page("recipes").get_text(" "))
    recipes = [c for r in ganzoo.default_host().records for c in r.components]
    recipes = [c for c in recipes if c.spec.kind == "recipe" and c.plugin.is_from("gan-zoo")]
    assert len(recipes) > 50
    for recipe in recipes:
        assert f"{recipe.spec.name} " in page
        assert unspaced(recipe.spec.summary) in unspaced(page)


def test_the_page_on_compatibility_has_a_cell_for_each_combination_and_each_reason(site):
    page = site.page("compatibility")
    architectures = set(ganzoo.names("architecture"))
    for kind in ("loss", "penalty", "augmentation", "constraint"):
        (table,) = [t for t in page.find_all("table") if t.th.get_text() == kind]
        head = [cell.get_text() for cell in table.find_all("th")]
        assert set(head[1:]) == architectures
        rows = {r.td.get_text(): r.find_all("td") for r in table.find_all("tr") if r.td}
        assert set(rows) == set(ganzoo.names(kind))
        assert all(len(row) == len(head) for row in rows.values())
        if kind == "loss":
            cells = rows["acgan"], rows["bce"]
            assert [row[head.index("vanilla")].get_text() for row in cells] == ["C", "✓"]
        if kind == "penalty":
            refused = rows["path-length"][head.index("vanilla")]
            assert refused.get_text().split()[0] == "no"
            reasons = page.find("ol").find_all("li")
            assert "mapping (z to w)" in plain(reasons[int(refused.sup.get_text()) - 1].get_text())


def test_the_page_on_compatibility_has_a_cell_for_each_pair_of_losses_and_additions(site):
    tables = {t.th.get_text(): t for t in site.page("compatibility").find_all("table")}
    additions, paired = ("penalty", "augmentation", "constraint"), set()
    for title in (title for title in tables if " + " in title):
        head = [cell.get_text() for cell in tables[title].find_all("th")]
        rows = [row.find_all("td") for row in tables[title].find_all("tr") if row.td]
        kinds = [side.split("/") for side in title.split(" + ")]
        names = [{name for kind in side for name in ganzoo.names(kind)} for side in kinds]
        assert [{row[0].get_text() for row in rows}, set(head[1:])] == names
        for row in rows:
            cells = [cell.get_text().partition(" ")[0] for cell in row[1:]]
            assert set(cells) <= {"✓", "C", "U", "no", ""}
            empty = {name for name, cell in zip(head[1:], cells, strict=True) if not cell}
            assert empty == ({row[0].get_text()} if kinds[0] == kinds[1] else set())
        paired |= {frozenset(pair) for pair in product(*kinds)}
    assert paired == {frozenset(pair) for pair in product(("loss", *additions), additions)}


def test_the_page_on_stability_names_the_version_of_the_hook_api():
    text = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
    assert f"`HOOK_API_VERSION` is\n{specs.HOOK_API_VERSION}." in text
