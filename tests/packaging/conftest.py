"""The wheel and an environment to install it into, made once for all the tests of packaging."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from environments import ROOT, Environment, build_wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """The ganzoo wheel."""
    return build_wheel(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def environment(wheel, tmp_path_factory) -> Iterator[Environment]:
    """A fresh virtual environment with the ganzoo wheel and nothing else of ganzoo's."""
    environment = Environment(tmp_path_factory.mktemp("environment") / "venv", wheel)
    with environment.closing:
        yield environment
