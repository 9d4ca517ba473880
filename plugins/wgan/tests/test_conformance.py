"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance(
    "ganzoo_wgan.plugin",
    expected_failures={
        "penalty-max-gp-per_sample": "the paper's penalty is the maximum over the batch"
    },
)
def test_conformance(check):
    check()
