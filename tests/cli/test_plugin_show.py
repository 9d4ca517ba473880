"""Promises of `ganzoo plugins show`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import ganzoo
from ganzoo.cli.plugin_show import describe_plugin, show_plugin
from ganzoo.discovery.host import PluginHost, default_host

METADATA = """\
Metadata-Version: 2.1
Name: acme-gan
Version: 1.2
Summary: Losses of Acme.
Project-URL: Source, https://example.org/source
Project-URL: Homepage, https://example.org/acme
"""

GOOD = """
import ganzoo
@ganzoo.hookimpl
def ganzoo_losses():
    yield ganzoo.LossSpec(
        name="acme", factory="acme_gan.loss:Acme", options="acme_gan.options:AcmeOptions",
        summary="The loss of Acme.", reference="Acme et al. 2020",
    )
    yield ganzoo.LossSpec(name="plain", factory="acme_gan.loss:Plain", summary="A plain one.")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install acme-gan 1.2 with this plugin module."""

    def make(source: str, metadata: str = METADATA) -> Path:
        package = tmp_path / "acme_gan"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "plugin.py").write_text(source)
        info = tmp_path / "acme_gan-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(metadata)
        (info / "entry_points.txt").write_text("[ganzoo]\nacme = acme_gan.plugin\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        importlib.invalidate_caches()
        default_host.cache_clear()
        return package / "plugin.py"

    yield make
    default_host.cache_clear()
    for name in [n for n in sys.modules if n.split(".")[0] == "acme_gan"]:
        del sys.modules[name]


def show(name: str) -> str:
    result = CliRunner().invoke(show_plugin, [name], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("name", ["acme", "acme-gan", "Acme_GAN", "acme-gan:acme"])
def test_a_plugin_is_explained(install, name):
    file = install(GOOD)
    out = show(name)
    for line in (
        "plugin acme",
        "  distribution  acme-gan 1.2",
        "  summary       Losses of Acme.",
        "  home page     https://example.org/acme",
        "  entry point   acme = acme_gan.plugin",
        f"  file          {file}",
        "loss acme",
        "  summary       The loss of Acme.",
        "  reference     Acme et al. 2020",
        "  code          acme_gan.loss:Acme",
        "  options       acme_gan.options:AcmeOptions",
        "loss plain",
        "  options       none",
    ):
        assert line in out.splitlines()
    assert "  status        loaded in " in out
    assert "error" not in out


def test_a_plugin_that_failed_is_explained_with_its_error_and_file(install):
    file = install("raise RuntimeError('boom')")
    out = show("acme")
    assert "  status        failed in " in out
    assert "  error         RuntimeError: boom\n" in out
    assert f"  file          {file}\n" in out


def test_a_plugin_that_is_switched_off_is_explained_and_not_imported(install):
    file = install("raise SystemExit")
    host = PluginHost(disabled=["acme"])
    out = describe_plugin(next(r for r in host.records if r.name == "acme"))
    assert "  status        disabled" in out.splitlines()
    assert f"  file          {file}" in out.splitlines()
    assert "acme_gan" not in sys.modules


def test_a_plugin_without_components_says_so(install):
    install("", METADATA.partition("Summary")[0])
    out = show("acme")
    assert out.endswith("\n\nIt provides nothing.\n")
    assert "summary" not in out
    assert "home page" not in out


def test_a_distribution_shows_all_its_plugins():
    out = show("gan-zoo")
    assert out.count("plugin ") == len(default_host().records)
    assert "penalty r1\n" in out


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(ganzoo.UsageError, match="called 'hinj'. Did you mean 'hinge'"):
        show("hinj")
