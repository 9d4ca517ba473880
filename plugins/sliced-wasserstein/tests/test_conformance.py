"""Every promise that ganzoo relies on."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

import ganzoo.testing

if find_spec("ot") is None:  # which takes long to import, also where no test here is run
    pytest.skip("ot is not installed", allow_module_level=True)


@ganzoo.testing.conformance("ganzoo_sliced_wasserstein.plugin")
def test_conformance(check):
    check()
