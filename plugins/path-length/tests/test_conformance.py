"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing


# The kit halves a batch of 6, and the same rows are used only of micro-batches of a multiple.
@ganzoo.testing.conformance(
    "ganzoo_path_length.plugin", options={"path-length": {"batch_shrink": 3}}
)
def test_conformance(check):
    check()
