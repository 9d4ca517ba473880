"""Every promise that ganzoo relies on; each check makes the tables of a database."""

from __future__ import annotations

import pytest

import ganzoo.testing

pytest.importorskip("mlflow")


@pytest.mark.slow
@ganzoo.testing.conformance("ganzoo_mlflow.plugin")
def test_conformance(check):
    check()
