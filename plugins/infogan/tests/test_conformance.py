"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance(
    "ganzoo_infogan.plugin", options={"infogan": {"categories": [2], "continuous": 1}}
)
def test_conformance(check):
    check()
