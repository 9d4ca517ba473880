"""Who may import whom, and that the core knows no animal."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ganzoo

ROOT = Path(__file__).parents[1]
CORE = ROOT / "ganzoo"

ALLOWED = {
    "errors": set(),
    "specs": set(),
    "hookspecs": {"specs"},
    "interfaces": {"errors", "specs"},
    "host": {"errors", "specs", "hookspecs"},
    "registry": {"errors", "specs", "host", "interfaces"},
    "config": {"errors"},
    "recipes": {"errors", "specs", "host", "registry", "config"},
    "data": {"errors", "interfaces"},
    "engine": {"errors", "specs", "host", "registry", "config", "interfaces", "data"},
    "run": {
        "errors", "specs", "host", "registry", "config", "recipes", "interfaces", "data", "engine",
    },
    "evaluation": {
        "errors", "specs", "host", "registry", "config", "interfaces", "data", "engine", "run",
    },
    "exporting": {"errors", "host", "interfaces", "engine", "run"},
    "reporting": {
        "errors", "host", "registry", "config", "interfaces", "data", "engine", "run", "evaluation",
    },
    "scaffold": {"errors", "specs", "registry"},
    "testing": {
        "errors", "specs", "host", "registry", "config", "interfaces", "data", "engine",
    },
    "cli": {
        "errors", "specs", "host", "registry", "config", "interfaces", "data", "engine", "run",
        "recipes", "evaluation", "exporting", "reporting", "scaffold", "testing",
    },
}  # fmt: skip


def imports(file: Path) -> set[str]:
    """Full names of what a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part_of(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "ganzoo" and len(parts) > 1 else None


@pytest.mark.parametrize("part", ALLOWED)
def test_each_part_of_the_core_imports_only_what_lies_below_it(part):
    files = [CORE / f"{part}.py"] if (CORE / f"{part}.py").exists() else (CORE / part).rglob("*.py")
    for file in files:
        used = {part_of(name) for name in imports(file)} - {None, part}
        assert used <= ALLOWED[part], f"{file.relative_to(ROOT)} imports {used - ALLOWED[part]}"


def test_every_part_of_the_core_has_a_place():
    parts = {p.stem for p in CORE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert parts - {"__init__", "__main__"} == set(ALLOWED)


def test_the_core_imports_no_plugin():
    for file in CORE.rglob("*.py"):
        assert not any(name.startswith("ganzoo_") for name in imports(file)), file


def test_the_core_names_no_animal():
    """No string in the core's code is the name of a first-party component or plugin."""
    host = ganzoo.default_host()
    animals = {record.name for record in host.records}
    animals |= {c.spec.name for record in host.records for c in record.components}
    animals -= {"torchvision", "tensorboard"}  # the libraries of these names are no animals
    animals -= {"metrics"}  # nor is the word for all of a kind
    for file in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in animals, f"{file}:{node.lineno} names {node.value!r}"


@pytest.mark.parametrize("folder", sorted((ROOT / "plugins").iterdir()), ids=lambda path: path.name)
def test_a_plugin_uses_public_names_alone(folder):
    public = set(ganzoo.__all__)
    own = {path.name for path in (folder / "src").iterdir()}
    for file in (folder / "src").rglob("*.py"):
        for name in imports(file):
            top = name.split(".")[0]
            assert not top.startswith("ganzoo_") or top in own, f"{file} imports {name}"
            assert top != "ganzoo" or name == "ganzoo", f"{file} imports {name}"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "ganzoo"
            ):
                assert node.attr in public, f"{file}:{node.lineno} uses ganzoo.{node.attr}"


def test_files_stay_readable():
    for file in [*CORE.rglob("*.py"), *(ROOT / "plugins").rglob("src/**/*.py")]:
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 400, file
