"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance("ganzoo_emoji.plugin")
def test_conformance(check):
    check()


@ganzoo.testing.conformance("ganzoo_emoji.plugin", options={"emoji": {"condition": "edges"}})
def test_conformance_with_pictures(check):
    check()
