"""Every promise that ganzoo relies on."""

from __future__ import annotations

import pytest

import ganzoo.testing

pytest.importorskip("torch_fidelity")


NOT_HERE = {"inception": {"weights": "not-here.pth"}}


@ganzoo.testing.conformance("ganzoo_fidelity.plugin", options=NOT_HERE)
def test_conformance(check):
    check()


@pytest.mark.slow
def test_the_real_network_keeps_every_promise(weights):
    options = {"inception": {"weights": str(weights)}}
    checks = ganzoo.testing.checks("ganzoo_fidelity.plugin", options=options)
    ended = {c.name: c.outcome() for c in checks if c.component.spec.kind == "extractor"}
    skipped = {name for name, outcome in ended.items() if outcome.status == "skipped"}
    assert skipped == {"maps_are_differentiable"}  # it has none
    assert {outcome.status for outcome in ended.values()} == {"ok", "skipped"}, ended
