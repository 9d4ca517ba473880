"""Who may import whom, what each room may not say, and that the core knows no animal."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import ganzoo

ROOT = Path(__file__).parents[1]
CORE = ROOT / "ganzoo"

BASE = {"errors", "files", "randomness", "freeze", "copying"}
ROOMS = BASE | {
    "notebook",
    "discovery",
    "interfaces",
    "config",
    "data",
    "execution",
    "sampling",
    "scoring",
    "monitoring",
    "training",
    "assembly",
}

ALLOWED = {
    "errors": set(),
    "files": {"errors"},
    "randomness": set(),
    "freeze": {"errors"},
    "copying": set(),
    "notebook": {"errors"},
    "interfaces": {"errors"},
    "discovery": {"errors", "interfaces"},
    "config": {"errors", "interfaces", "discovery"},
    "sampling": {"errors", "randomness", "freeze", "copying", "interfaces"},
    "scoring": {"errors", "freeze", "interfaces", "sampling"},
    "monitoring": {"errors", "interfaces"},
    "nn": {"errors", "interfaces"},
    "data": BASE | {"interfaces", "config"},
    "execution": BASE | {"interfaces", "config"},
    "training": BASE
    | {"interfaces", "config", "data", "execution", "sampling", "scoring", "monitoring"},
    "assembly": ROOMS - {"notebook", "assembly"},
    "evaluation": BASE | {"notebook", "interfaces", "discovery", "data", "sampling"},
    "run": ROOMS | {"evaluation"},
    "latents": ROOMS | {"run"},
    "sweeping": ROOMS | {"run"},
    "exporting": ROOMS | {"run", "latents"},
    "reporting": ROOMS | {"evaluation", "run", "sweeping"},
    "scaffold": BASE | {"discovery"},
    "testing": ROOMS,
    "cli": ROOMS
    | {
        "evaluation",
        "run",
        "latents",
        "sweeping",
        "exporting",
        "reporting",
        "scaffold",
        "testing",
    },
}
"""What each part of the core may import: a part below it."""

LINES = {
    "training": 1_270,
    "assembly": 1_020,
    "monitoring": 210,
    "nn": 450,
    "execution": 1_310,
    "interfaces": 1_900,
    "config": 1_020,
    "discovery": 1_290,
    "data": 3_430,
    "evaluation": 1_110,
    "run": 5_790,
    "reporting": 1_470,
    "sweeping": 1_550,
    "latents": 720,
    "exporting": 1_210,
    "testing": 3_720,
    "cli": 3_210,
    "scaffold": 150,
}
"""Lines that each folder may have: to add a thing, first look for what it makes superfluous."""

NOT_IN_TRAINING = {
    "a device": r"torch\.cuda|\bcuda\b|torch\.device\(",
    "a flag": r"--[a-z]",
    "the registry": r"\bregistry\b",
    "compilation": r"\bcompil",
    "a rank": r"\brank\b|\bworld_size\b",
    "a file": r"\bpathlib\b|\bPath\b|\bopen\(",
    "a plugin": r"\bplugin_|\bhost\b|\bentry.point",
}
"""What `training/` does not say: it is what the papers describe, not how it is computed."""

DOOR = "ganzoo.execution.execution.Execution"


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


def files_of(part: str) -> list[Path]:
    if (CORE / f"{part}.py").exists():
        return [CORE / f"{part}.py"]
    return sorted((CORE / part).rglob("*.py"))


@pytest.mark.parametrize("part", ALLOWED)
def test_each_part_of_the_core_imports_only_what_lies_below_it(part):
    for file in files_of(part):
        used = {part_of(name) for name in imports(file)} - {None, part}
        assert used <= ALLOWED[part], f"{file.relative_to(ROOT)} imports {used - ALLOWED[part]}"


def test_no_two_parts_of_the_core_import_each_other():
    """What is allowed has an order: each part can be read without those above it."""
    rest = {part: set(below) for part, below in ALLOWED.items()}
    while rest:
        lowest = {part for part, below in rest.items() if not below & set(rest)}
        assert lowest, f"these import each other: {sorted(rest)}"
        rest = {part: below for part, below in rest.items() if part not in lowest}


def test_no_two_files_of_the_core_import_each_other():
    modules = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in CORE.rglob("*.py")
    }
    rest = {
        name: {
            module
            for used in imports(file)
            for module in (used, used.rpartition(".")[0])
            if module in modules and module != name
        }
        for name, file in modules.items()
        if file.name != "__init__.py"
    }
    while rest:
        lowest = {name for name, below in rest.items() if not below & set(rest)}
        assert lowest, f"these import each other: {sorted(rest)}"
        rest = {name: below for name, below in rest.items() if name not in lowest}


def test_every_part_of_the_core_has_a_place():
    parts = {p.stem for p in CORE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert parts - {"__init__", "__main__"} == set(ALLOWED)


@pytest.mark.parametrize("what", NOT_IN_TRAINING)
def test_training_says_what_is_trained_and_not_how(what):
    for file in files_of("training"):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            said = re.search(NOT_IN_TRAINING[what], line)
            assert not said, f"{file.name}:{number} mentions {what}: {line.strip()}"


def test_execution_is_known_by_one_door_and_plugins_by_what_a_user_chose():
    choices = {f"ganzoo.discovery.choosing.{name}" for name in ("chosen", "chosen_by_name")}
    for file in [*files_of("training"), *files_of("assembly")]:
        from_above = {n for n in imports(file) if part_of(n) in ("execution", "discovery")}
        assert from_above <= {DOOR, *choices}, file


def test_the_step_of_a_gan_fits_on_a_screen_each_and_the_loop_in_250_lines():
    source = (CORE / "training" / "loop.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 250
    lengths = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }
    assert lengths["train_step"] + lengths["update_networks"] <= 80


def test_every_folder_keeps_to_its_lines():
    folders = {path.name for path in CORE.iterdir() if (path / "__init__.py").exists()}
    assert folders == set(LINES)
    for folder, budget in LINES.items():
        lines = sum(len(f.read_text(encoding="utf-8").splitlines()) for f in files_of(folder))
        assert lines <= budget, f"{folder}/ has {lines} lines"


def test_the_core_imports_no_plugin():
    for file in CORE.rglob("*.py"):
        assert not any(name.startswith("ganzoo_") for name in imports(file)), file


def test_the_core_names_no_animal():
    """No string in the core's code is the name of a first-party component or plugin."""
    host = ganzoo.default_host()
    animals = {record.name for record in host.records}
    animals |= {c.spec.name for record in host.records for c in record.components}
    animals -= {"torchvision", "tensorboard"}  # the libraries of these names are no animals
    animals -= {"orthogonal"}  # an initialization of weights too
    animals -= {"metrics"}  # nor is the word for all of a kind
    for file in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in animals, f"{file}:{node.lineno} names {node.value!r}"


@pytest.mark.parametrize(
    "folder", sorted((ROOT / "plugins").glob("[!.]*")), ids=lambda path: path.name
)
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
