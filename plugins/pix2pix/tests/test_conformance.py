"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance(
    "ganzoo_pix2pix.plugin", options={"architecture-pix2pix": {"base_channels": 4}}
)
def test_conformance(check):
    check()
