"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance(
    "ganzoo_vanilla.plugin", options={"vanilla": {"width": 8, "depth": 1, "latent_dim": 4}}
)
def test_conformance(check):
    check()
