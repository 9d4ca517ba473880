"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing

TINY = {"base_channels": 1, "latent_dim": 8, "embedding_dim": 3}

DEEP = TINY | {"base_channels": 16, "depth": 1}
"""A bottleneck of fewer than 8 channels loses whole blocks to ReLU."""


@ganzoo.testing.conformance("ganzoo_biggan.plugin", options={"biggan": TINY, "biggan-deep": DEEP})
def test_conformance(check):
    check()
