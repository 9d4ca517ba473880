"""A package from `ganzoo plugins new` installs, passes its tests, is listed and trains at once."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from environments import Environment, build_wheels
from forked import run_ganzoo, run_pytest

from ganzoo.scaffold import KINDS_OFFERED

pytestmark = pytest.mark.slow


class Packages:
    """A new package of each kind, made by the wheel's ganzoo, built, and installed by pip."""

    def __init__(self, environment: Environment, home: Path) -> None:
        self.home = home
        self.settings = {"COLUMNS": "200"}

        # Made.
        self.said = {}
        for kind in KINDS_OFFERED:
            new = ("plugins", "new", f"acme-{kind}-x", "--kind", kind)
            self.said[kind] = environment.succeed("ganzoo", *new, cwd=home)
        self.projects = {kind: home / f"acme-{kind}-x" for kind in KINDS_OFFERED}

        # Built and installed.
        wheels = build_wheels([*self.projects.values()], home / "dist")
        site = home / "site"
        quiet = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
        into = ("--no-deps", "--no-index", "--target", site)
        subprocess.run([*quiet, *into, *wheels], check=True)
        self.settings["PYTHONPATH"] = str(site)
        self.listed = self.succeed(run_ganzoo, "list")

    def succeed(self, run, *words: str, cwd: Path | None = None) -> str:
        """Run a command that must exit with 0, and give what it says on stdout."""
        code, out, err = run([*words], cwd or self.home, **self.settings)
        assert code == 0, out + err
        assert "Traceback" not in out + err
        return out


@pytest.fixture(scope="module")
def packages(environment, tmp_path_factory) -> Packages:
    return Packages(environment, tmp_path_factory.mktemp("packages"))


@pytest.mark.parametrize("kind", KINDS_OFFERED)
def test_a_new_package_works_from_the_first_minute(kind, packages):
    name, project = f"acme-{kind}-x", packages.projects[kind]
    assert f"cd {name} && pip install" in packages.said[kind]
    listed = " ".join(packages.listed.split())
    assert f"[{name} 0.1.0]" in listed.replace("- ", "-")
    tests = packages.succeed(run_pytest, "-q", cwd=project)
    assert re.search(r"\d+ passed", tests)
    assert "failed" not in tests
    readme = (project / "README.md").read_text()
    commands = [w for w in map(str.strip, readme.splitlines()) if w.startswith("ganzoo ")]
    assert len(commands) == 2
    for command in commands:  # as its own README says, but for the number of steps
        _, *words = shlex.split(command.replace("--steps 200", "--steps 2"))
        packages.succeed(run_ganzoo, *words)
    if kind == "loss":  # the shell's check is the same for all, and takes its time
        checked = packages.succeed(run_ganzoo, "plugins", "check", name)
        assert re.search(r"\d+ checks ran, 0 failed", checked)


def test_new_packages_are_clean(packages):
    """By the settings of ruff and mypy that they come with."""
    if shutil.which("ruff") is None or shutil.which("mypy") is None:
        pytest.skip("needs the development tools")
    sources = [str(project / "src") for project in packages.projects.values()]
    projects = [*map(str, packages.projects.values())]
    settings = str(packages.projects["loss"] / "pyproject.toml")
    for words in (
        ["ruff", "check", *projects],
        ["ruff", "format", "--check", *projects],
        ["mypy", "--config-file", settings, *sources],
    ):
        done = subprocess.run(words, cwd=packages.home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
