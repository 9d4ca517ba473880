"""The plugin of good and broken components, as an entry point and as an installed distribution."""

from __future__ import annotations

import importlib
import importlib.metadata

import pytest

import ganzoo
from ganzoo.discovery.host import PluginHost


@pytest.fixture(scope="session")
def host() -> PluginHost:
    """A host of that plugin alone."""
    point = importlib.metadata.EntryPoint("broken", "testing.broken_plugin", "ganzoo")
    return PluginHost([point], strict=True)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The same as the distribution acme-broken, beside all others."""
    info = tmp_path / "acme_broken-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-broken\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[ganzoo]\nbroken = testing.broken_plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    ganzoo.default_host.cache_clear()
    yield "acme-broken"
    ganzoo.default_host.cache_clear()
