"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance(
    "ganzoo_resnet.plugin", options={"resnet": {"base_channels": 2, "latent_dim": 4}}
)
def test_conformance(check):
    check()
