"""Every promise that ganzoo relies on, with an offline run: each starts a process of wandb's."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

import ganzoo
import ganzoo.testing

if find_spec("wandb") is None:  # which takes long to import, also where no test here is run
    pytest.skip("wandb is not installed", allow_module_level=True)
NAME = next(
    c.spec.name
    for c in ganzoo.default_host().components("observer")
    if c.spec.factory.endswith("_wandb.observer:WeightsAndBiases")
)


@pytest.mark.slow
@ganzoo.testing.conformance("ganzoo_wandb.plugin", options={NAME: {"mode": "offline"}})
def test_conformance(check):
    check()
