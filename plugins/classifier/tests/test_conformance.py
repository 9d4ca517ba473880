"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing

SMALL = {"classifier": {"epochs": 1, "width": 4}}


@ganzoo.testing.conformance("ganzoo_classifier.plugin", options=SMALL)
def test_conformance(check):
    check()
