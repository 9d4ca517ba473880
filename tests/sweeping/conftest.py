"""A place of its own for each sweep."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _place(tmp_path, tmp_path_factory, monkeypatch):
    """Work in an empty folder, with a cache that the tests share."""
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "sweep-cache"))
    monkeypatch.chdir(tmp_path)
