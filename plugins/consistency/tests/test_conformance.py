"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance(
    "ganzoo_consistency.plugin",
    expected_failures={
        "penalty-zcr-diversity-non_negative": "the paper subtracts the distance of the images: "
        "the generator is rewarded for images that change with z"
    },
)
def test_conformance(check):
    check()
