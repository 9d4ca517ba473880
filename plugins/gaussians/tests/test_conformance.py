"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance("ganzoo_gaussians.plugin", options={"gaussians": {"count": 1000}})
def test_conformance(check):
    check()
