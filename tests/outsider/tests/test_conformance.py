"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance(
    "nocturne-gan",
    options={"nocturne": {"width": 8, "blocks": 1}, "night-sky": {"count": 50}},
)
def test_conformance(check):
    check()
