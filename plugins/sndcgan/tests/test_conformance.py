"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance(
    "ganzoo_sndcgan.plugin", options={"sndcgan": {"base_channels": 2, "latent_dim": 4}}
)
def test_conformance(check):
    check()
