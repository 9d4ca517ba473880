"""A place of its own for each sweep, and `ganzoo` in this process."""

from __future__ import annotations

import pytest

import ganzoo
from ganzoo.cli import main


@pytest.fixture(autouse=True)
def _place(tmp_path, tmp_path_factory, monkeypatch):
    """Work in an empty folder, with a cache that the tests share."""
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "sweep-cache"))
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", "")  # `-p` writes to it
    monkeypatch.chdir(tmp_path)
    yield
    ganzoo.default_host.cache_clear()


@pytest.fixture
def ganzoo_cli(capsys):
    """Run a command: exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            main([str(a) for a in arguments])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run
