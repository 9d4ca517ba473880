"""The wheel and an environment to install it into, made once for all the tests of packaging."""

from __future__ import annotations

import pytest
from environments import ROOT, Environment, build_wheel


@pytest.fixture(scope="session")
def environment(tmp_path_factory) -> Environment:
    """A fresh virtual environment with the ganzoo wheel and nothing else of ganzoo's."""
    wheel = build_wheel(ROOT, tmp_path_factory.mktemp("dist"))
    return Environment(tmp_path_factory.mktemp("environment") / "venv", wheel)
