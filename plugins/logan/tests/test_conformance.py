"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance("ganzoo_logan.plugin")
def test_conformance(check):
    check()
