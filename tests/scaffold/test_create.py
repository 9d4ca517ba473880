"""Promises of `ganzoo plugins new`: what it refuses, and that nothing is overwritten."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import ganzoo
from ganzoo.discovery.specs import KINDS
from ganzoo.scaffold import KINDS_OFFERED, LICENSES, create_plugin


def test_every_kind_that_a_run_is_made_of_has_a_template():
    """Metrics and extractors are of an evaluation; their pages show a whole example."""
    assert set(KINDS) - set(KINDS_OFFERED) == {"metric", "extractor"}


@pytest.mark.parametrize("kind", KINDS_OFFERED)
def test_a_package_is_complete(kind, tmp_path):
    files = create_plugin("acme-gan", kind, into=tmp_path, author="A. Author")
    names = {str(file.relative_to(tmp_path / "acme-gan")) for file in files}
    assert {
        "pyproject.toml", "README.md", "LICENSE", ".gitignore", ".github/workflows/test.yml",
        "src/acme_gan/__init__.py", "src/acme_gan/plugin.py", "src/acme_gan/options.py",
        "tests/test_conformance.py", f"tests/test_{KINDS[kind].name}.py",
    } <= names  # fmt: skip
    assert (tmp_path / "acme-gan" / "src" / "acme_gan" / "py.typed").is_file()
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\$[a-z{(]", text.replace("${{", "")), file
        if file.suffix == ".py":
            ast.parse(text)
            assert ast.get_docstring(ast.parse(text)), file


def test_metadata_says_what_was_asked_for(tmp_path):
    create_plugin("acme", "loss", into=tmp_path, license_name="Apache-2.0", author='J. "J" \\ K')
    about = tomllib.loads((tmp_path / "acme" / "pyproject.toml").read_text())["project"]
    assert about["name"] == "acme"
    assert about["license"] == "Apache-2.0"
    assert about["authors"] == [{"name": 'J. "J" \\ K'}]
    assert about["entry-points"]["ganzoo"] == {"acme": "acme.plugin"}


@pytest.mark.parametrize("license_name", LICENSES)
def test_the_licence_is_there_with_the_authors_name(license_name, tmp_path):
    create_plugin("acme", "loss", into=tmp_path, license_name=license_name, author="A. Author")
    file = tmp_path / "acme" / "LICENSE"
    assert file.exists() == (license_name != "none")
    if file.exists():
        assert "A. Author" in file.read_text(encoding="utf-8")


def test_gits_user_is_the_author_unless_another_is_named(tmp_path, monkeypatch):
    (tmp_path / "config").write_text("[user]\n\tname = Grace\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    create_plugin("acme", "loss")
    assert "Grace" in Path("acme/LICENSE").read_text()
    subprocess.run(["git", "config", "--global", "--unset", "user.name"], check=True)
    create_plugin("other", "loss")
    assert "The authors of other" in Path("other/LICENSE").read_text()


def test_nothing_is_ever_overwritten(tmp_path):
    (tmp_path / "acme").mkdir()
    with pytest.raises(ganzoo.UsageError, match="nothing is overwritten"):
        create_plugin("acme", "loss", into=tmp_path)
    assert list(tmp_path.rglob("*")) == [tmp_path / "acme"]


@pytest.mark.parametrize(
    "name", ["Acme", "acme_gan", "9lives", "-a", "a--b", "", "../up", "a/b", "class", "é"]
)
def test_a_name_that_cannot_be_a_package_is_refused(name, tmp_path):
    with pytest.raises(ganzoo.UsageError, match="cannot name a package"):
        create_plugin(name, "loss", into=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["ganzoo", "ganzoo-acme"])
def test_a_name_like_ganzoos_own_is_refused(name, tmp_path):
    with pytest.raises(ganzoo.UsageError, match="ganzoo's own"):
        create_plugin(name, "loss", into=tmp_path)


def test_a_name_that_is_taken_is_refused(tmp_path):
    taken = ganzoo.names("loss")[0]
    with pytest.raises(ganzoo.UsageError, match=f"there is a loss '{taken}' already"):
        create_plugin(taken, "loss", into=tmp_path)
    assert create_plugin(taken, "dataset", into=tmp_path)


def test_unknown_kinds_and_licences_are_refused(tmp_path):
    with pytest.raises(ganzoo.UsageError, match="there are architecture, loss, penalty, augment"):
        create_plugin("acme", "optimizer", into=tmp_path)
    with pytest.raises(ganzoo.UsageError, match="there are MIT"):
        create_plugin("acme", "loss", into=tmp_path, license_name="WTFPL")


def test_a_place_one_may_not_write_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ganzoo.GanzooError, match="cannot write"):
        create_plugin("acme", "loss", into=tmp_path / "file")
