"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance(
    "ganzoo_sagan.plugin", options={"sagan": {"base_channels": 1, "latent_dim": 4}}
)
def test_conformance(check):
    check()
