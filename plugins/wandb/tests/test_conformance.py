"""Every promise that ganzoo relies on, with an offline run: each starts a process of wandb's."""

from __future__ import annotations

import pytest

import ganzoo
import ganzoo.testing

pytest.importorskip("wandb")
NAME = next(
    c.spec.name
    for c in ganzoo.default_host().components("observer")
    if c.spec.factory.endswith("_wandb.observer:WeightsAndBiases")
)


@pytest.mark.slow
@ganzoo.testing.conformance("ganzoo_wandb.plugin", options={NAME: {"mode": "offline"}})
def test_conformance(check):
    check()
