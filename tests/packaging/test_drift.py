"""Root and plugin folders say the same: the one wheel and the copyable packages do not drift."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = sorted((ROOT / "plugins").glob("[!.]*"))


def project(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


WHOLE = project(ROOT)


def test_the_root_ships_every_plugin_and_nothing_else():
    packages = [f"plugins/{f.name}/src/{p.name}" for f in FOLDERS for p in (f / "src").iterdir()]
    assert sorted(WHOLE["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == sorted(
        ["ganzoo", *packages]
    )


def test_the_root_declares_every_entry_point_of_the_folders():
    declared: dict[str, str] = {}
    for folder in FOLDERS:
        declared |= project(folder)["project"]["entry-points"]["ganzoo"]
    assert WHOLE["project"]["entry-points"]["ganzoo"] == declared


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_plugin_folder_is_whole(folder):
    about = project(folder)["project"]
    (package,) = (folder / "src").iterdir()
    assert about["name"] == f"ganzoo-{folder.name}"
    assert package.name == about["name"].replace("-", "_")
    assert about["entry-points"]["ganzoo"] == {folder.name: f"{package.name}.plugin"}
    assert about["classifiers"] == ["Private :: Do Not Upload"]
    assert about["requires-python"] == WHOLE["project"]["requires-python"]
    more = WHOLE["project"]["optional-dependencies"].get(folder.name, [])
    assert about["dependencies"] == ["gan-zoo", *more]
    for file in ("README.md", "tests", f"src/{package.name}/py.typed"):
        assert (folder / file).exists(), file
    assert list((folder / "tests").glob("test_*.py"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_plugins_readme_names_all_it_provides(folder):
    import ganzoo

    readme = (folder / "README.md").read_text(encoding="utf-8")
    record = next(r for r in ganzoo.default_host().records if r.name == folder.name)
    for component in record.components:
        assert f"`{component.spec.name}`" in readme


def test_the_wheel_needs_what_the_core_imports():
    """Every third-party package that ganzoo/ imports is a declared dependency."""
    import ast
    import sys

    names = {"PIL": "pillow", "pydantic_core": "pydantic", "lazy_loader": "lazy-loader"}
    names["sklearn"] = "scikit-learn"
    used = set()
    for file in (ROOT / "ganzoo").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                used |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                used.add(node.module.split(".")[0])
    used -= {"_typeshed"}  # of type checkers alone
    used -= {"ganzoo", "pytest"}  # `ganzoo.testing.conformance` is called by pytest's users alone
    used = {names.get(name, name) for name in used - set(sys.stdlib_module_names)}
    declared = {line.split(">=")[0] for line in WHOLE["project"]["dependencies"]}
    extras = WHOLE["project"]["optional-dependencies"]
    extra = {
        line.split(">=")[0] for name in ("report", "video", "cluster") for line in extras[name]
    }
    assert extra <= used  # imported where they are needed, with a message where missing
    used -= extra
    assert used <= declared
    assert declared - used == {"torchvision"}  # which a plugin of the same wheel imports
