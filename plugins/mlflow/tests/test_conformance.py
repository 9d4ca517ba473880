"""Every promise that ganzoo relies on; each check makes the tables of a database."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

import ganzoo.testing

if find_spec("mlflow") is None:  # which takes long to import, also where no test here is run
    pytest.skip("mlflow is not installed", allow_module_level=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of sqlalchemy, in MLflow's own tables
@ganzoo.testing.conformance("ganzoo_mlflow.plugin")
def test_conformance(check):
    check()
