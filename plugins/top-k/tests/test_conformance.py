"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance("ganzoo_top_k.plugin")
def test_conformance(check):
    check()
