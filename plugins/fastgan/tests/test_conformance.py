"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing

SMALL = {"base_channels": 2, "latent_dim": 4, "span": 8}


@ganzoo.testing.conformance("ganzoo_fastgan.plugin", options={"architecture-fastgan": SMALL})
def test_conformance(check):
    check()
