"""A package from `ganzoo plugins new` installs, passes its tests, is listed and trains at once."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess

import pytest
from environments import Environment, build_wheel

from ganzoo.scaffold import KINDS_OFFERED

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", KINDS_OFFERED)
def test_a_new_package_works_from_the_first_minute(kind, environment: Environment, tmp_path):
    name = f"acme-{kind}-x"
    said = environment.succeed("ganzoo", "plugins", "new", name, "--kind", kind, cwd=tmp_path)
    assert f"cd {name} && pip install" in said
    project = tmp_path / name
    with environment.installed(build_wheel(project, tmp_path / "dist")):
        listed = " ".join(environment.succeed("ganzoo", "list").split())
        assert f"[{name} 0.1.0]" in listed.replace("- ", "-")
        tests = environment.succeed("python", "-m", "pytest", "-q", cwd=project)
        assert re.search(r"\d+ passed", tests)
        assert "failed" not in tests
        readme = (project / "README.md").read_text()
        commands = [w for w in map(str.strip, readme.splitlines()) if w.startswith("ganzoo ")]
        assert len(commands) == 2
        for command in commands:  # as its own README says, but for the number of steps
            words = shlex.split(command.replace("--steps 200", "--steps 2"))
            environment.succeed(*words, cwd=tmp_path)
        if kind == "loss":  # the shell's check is the same for all, and takes its time
            checked = environment.succeed("ganzoo", "plugins", "check", name)
            assert re.search(r"\d+ checks ran, 0 failed", checked)


def test_new_packages_are_clean(environment: Environment, tmp_path):
    """By the settings of ruff and mypy that they come with."""
    if shutil.which("ruff") is None or shutil.which("mypy") is None:
        pytest.skip("needs the development tools")
    for kind in KINDS_OFFERED:
        new = ("plugins", "new", f"acme-{kind}-x", "--kind", kind)
        environment.succeed("ganzoo", *new, cwd=tmp_path)
    sources = sorted(map(str, tmp_path.glob("*/src")))
    settings = str(tmp_path / "acme-loss-x" / "pyproject.toml")
    for words in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "--config-file", settings, *sources],
    ):
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
