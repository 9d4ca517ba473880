"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance("ganzoo_ragan.plugin")
def test_conformance(check):
    check()
