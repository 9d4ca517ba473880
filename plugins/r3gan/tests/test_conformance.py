"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing

SMALL = {"base_channels": 8, "wide_until": 4, "group_channels": 4, "blocks": 1, "latent_dim": 4}


@ganzoo.testing.conformance("ganzoo_r3gan.plugin", options={"r3gan": SMALL})
def test_conformance(check):
    check()
