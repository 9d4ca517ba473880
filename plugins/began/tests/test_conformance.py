"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


@ganzoo.testing.conformance(
    "ganzoo_began.plugin",
    options={"architecture-began": {"base_channels": 4, "latent_dim": 8}},
    expected_failures={
        "scores_are_unbounded": "a score is minus the error of a reconstruction, which is never "
        "below 0"
    },
)
def test_conformance(check):
    check()
