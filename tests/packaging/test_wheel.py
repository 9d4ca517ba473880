"""The wheel, built for real: what it holds, and that nothing about a first-party plugin is special.

Packages are installed without their dependencies into folders of their own, put before everything
else on the path of a fresh interpreter.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from environments import ROOT, build_wheel, build_wheels

PLUGINS = sorted(path.name for path in (ROOT / "plugins").iterdir())

pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path, path: list[Path] | None = None) -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path or []))}
    result = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def install(wheel: Path, target: Path) -> Path:
    """What an installer does: unpack. (`pip install --no-deps --target` without its start-up.)"""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("installed"))


def test_the_wheel_holds_every_plugin_its_data_and_the_licences(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for plugin in PLUGINS:
        package = "ganzoo_" + plugin.replace("-", "_")
        assert f"{package}/plugin.py" in names
        assert f"{package}/py.typed" in names
    assert {
        "ganzoo/py.typed",
        "ganzoo_fashion_mnist/assets/train-images-idx3-ubyte.gz",
        "ganzoo_fashion_mnist/assets/LICENSE",
        "ganzoo_emoji/assets/sheet.png",
        "ganzoo_emoji/assets/LICENSE",
        "ganzoo_wgan/recipes/wgan-gp.toml",
        "gan_zoo-0.1.0.dist-info/licenses/LICENSE",
    } <= names
    ours = {name for name in names if not name.startswith("ganzoo/scaffold/templates/")}
    assert not [name for name in ours if "/tests/" in name or name.startswith("tests/")]
    assert wheel.stat().st_size < 8 * 2**20


def test_the_sdist_builds_the_same_wheel(wheel, tmp_path):
    code = "import sys; from hatchling.build import build_sdist; print(build_sdist(sys.argv[1]))"
    name = run(sys.executable, "-c", code, tmp_path, cwd=ROOT).splitlines()[-1]
    shutil.unpack_archive(tmp_path / name, tmp_path / "unpacked")
    (source,) = (tmp_path / "unpacked").iterdir()
    again = build_wheel(source, tmp_path / "again")
    contents = []
    for file in (again, wheel):
        with zipfile.ZipFile(file) as archive:
            contents.append(sorted(n for n in archive.namelist() if "dist-info" not in n))
    assert contents[0] == contents[1]


def test_removing_an_entry_point_removes_its_animal_and_no_other(installed, tmp_path):
    site = Path(shutil.copytree(installed, tmp_path / "site"))
    ganzoo = (sys.executable, "-m", "ganzoo", "list")
    before = run(*ganzoo, cwd=tmp_path, path=[site])
    (points,) = site.glob("*.dist-info/entry_points.txt")
    lines = points.read_text().splitlines()
    points.write_text("\n".join(line for line in lines if not line.startswith("hinge =")))
    after = run(*ganzoo, cwd=tmp_path, path=[site])
    names = [re.findall(r"^  ([a-z0-9-]+) ", text, re.MULTILINE) for text in (before, after)]
    assert set(names[0]) - set(names[1]) == {"hinge"}
    assert set(names[1]) < set(names[0])


def rename(folder: Path, plugin: str) -> tuple[str, list[str]]:
    """Make a copy a stranger's: other distribution, package, entry point and component names."""
    package = "ganzoo_" + plugin.replace("-", "_")
    stranger = package.replace("ganzoo_", "acme_")
    source = (folder / "src" / package / "plugin.py").read_text()
    names = re.findall(r'^\s+name="([a-z0-9-]+)",$', source, re.MULTILINE)
    components = list(dict.fromkeys(names))  # a recipe may be called as its architecture
    for file in folder.rglob("*"):
        if file.suffix in (".py", ".toml"):
            text = file.read_text()
            text = text.replace(f"ganzoo-{plugin}", f"acme-{plugin}").replace(package, stranger)
            if file.name == "pyproject.toml":
                text = text.replace(f"\n{plugin} = ", f"\nacme-{plugin} = ")
            if file.name == "plugin.py":
                for name in components:
                    text = text.replace(f'name="{name}"', f'name="acme-{name}"')
                text = text.replace("starter=True", "starter=False")
            if file.name == "test_conformance.py":  # options and failures by component's name
                for name in components:
                    named = rf'"([a-z]+-)?{name}(?=": |-[a-z_]+")'
                    text = re.sub(named, rf'"\g<1>acme-{name}', text)
            file.write_text(text)
    (folder / "src" / package).rename(folder / "src" / stranger)
    return stranger, components


def copied_and_renamed(plugin: str, folder: Path) -> tuple[Path, list[str]]:
    """The copy of a first-party plugin as a stranger's, and its components."""
    copy = shutil.copytree(
        ROOT / "plugins" / plugin, folder, ignore=shutil.ignore_patterns("__pycache__")
    )
    _, components = rename(Path(copy), plugin)
    return Path(copy), components


def test_every_plugin_can_be_a_package_of_its_own(installed, tmp_path):
    """All of them copied, renamed, built and listed beside the installed ganzoo."""
    site, copies, expected = tmp_path / "site", [], {}
    for plugin in PLUGINS:
        copy, expected[plugin] = copied_and_renamed(plugin, tmp_path / plugin)
        copies.append(copy)
    for wheel in build_wheels(copies, tmp_path / "wheels"):
        install(wheel, site)
    listed = run(sys.executable, "-m", "ganzoo", "list", cwd=tmp_path, path=[site, installed])
    words = " ".join(listed.split()).replace("- ", "-")
    for plugin, components in expected.items():
        (source,) = (ROOT / "plugins" / plugin).glob("src/*/plugin.py")
        if "CommandSpec" in source.read_text(encoding="utf-8"):
            continue  # commands are not listed
        assert f"[acme-{plugin} 0.1.0]" in words
        assert all(f"acme-{name}" in listed for name in components)


SPECIMENS = (
    "dcgan",
    "wgan",
    "consistency",
    "fashion-mnist",
    "image-folder",
    "diffaugment",
    "orthogonal",
    "tensorboard",
    "neighbours",
    "fidelity",
)
"""At least one plugin of each kind."""


def test_copied_and_renamed_plugins_are_as_good_as_the_originals(installed, tmp_path):
    """Their own tests run green from the copies, installed beside the installed ganzoo."""
    copies = [copied_and_renamed(plugin, tmp_path / f"acme-{plugin}")[0] for plugin in SPECIMENS]
    site = tmp_path / "site"
    for wheel in build_wheels(copies, tmp_path / "wheels"):
        install(wheel, site)
    for copy in copies:
        shutil.rmtree(copy / "src")  # so that the tests find the installed package alone
    settings = ("-q", "-rA", "-m", "not slow", "--import-mode=importlib", "-p", "no:cacheprovider")
    pytest_run = (sys.executable, "-m", "pytest", "--rootdir", tmp_path, *settings)
    said = run(*pytest_run, *(c.name for c in copies), cwd=tmp_path, path=[site, installed])
    for plugin in SPECIMENS:
        assert re.search(rf"^PASSED acme-{plugin}/tests/", said, re.MULTILINE), plugin
