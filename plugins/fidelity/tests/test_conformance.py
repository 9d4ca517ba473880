"""Every promise that ganzoo relies on."""

from __future__ import annotations

import pytest

import ganzoo.testing

pytest.importorskip("torch_fidelity")


NOT_HERE = {"inception": {"weights": "not-here.pth"}}


@ganzoo.testing.conformance("ganzoo_fidelity.plugin", options=NOT_HERE)
def test_conformance(check):
    check()
