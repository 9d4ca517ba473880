"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing

SMALL = {"nocturne": {"width": 8, "blocks": 1}, "night-sky": {"count": 40, "size": 16}}


@ganzoo.testing.conformance("nocturne-gan", options=SMALL)
def test_conformance(check):
    check()


VECTORS = {**SMALL, "night-sky": {"count": 40, "size": 16, "condition": "ephemeris"}}


@ganzoo.testing.conformance("nocturne-gan", options=VECTORS)
def test_conformance_with_vectors(check):
    if check.component.spec.kind == "dataset":
        check()
