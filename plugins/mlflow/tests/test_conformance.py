"""Every promise that ganzoo relies on; each check makes the tables of a database."""

from __future__ import annotations

import pytest

import ganzoo.testing

pytest.importorskip("mlflow")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of sqlalchemy, in MLflow's own tables
@ganzoo.testing.conformance("ganzoo_mlflow.plugin")
def test_conformance(check):
    check()
