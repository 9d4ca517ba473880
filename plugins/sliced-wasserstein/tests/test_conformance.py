"""Every promise that ganzoo relies on."""

from __future__ import annotations

import pytest

import ganzoo.testing

pytest.importorskip("ot")


@ganzoo.testing.conformance("ganzoo_sliced_wasserstein.plugin")
def test_conformance(check):
    check()
