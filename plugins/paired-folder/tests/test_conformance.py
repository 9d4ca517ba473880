"""Every promise that ganzoo relies on."""

from __future__ import annotations

from pathlib import Path

import ganzoo.testing

PAIRS = Path(__file__).parent / "pairs"


@ganzoo.testing.conformance(
    "ganzoo_paired_folder.plugin", options={"paired-folder": {"path": PAIRS}}
)
def test_conformance(check):
    check()


@ganzoo.testing.conformance(
    "ganzoo_paired_folder.plugin", options={"paired-folder": {"path": PAIRS / "B"}}
)
def test_conformance_side_by_side(check):
    check()
