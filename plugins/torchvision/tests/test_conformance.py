"""Every promise that ganzoo relies on."""

from __future__ import annotations

from pathlib import Path

import ganzoo.testing

FILES = Path(__file__).parent / "files"
"""Five digits of MNIST's format; the other datasets' files carry checksums."""


@ganzoo.testing.conformance("ganzoo_torchvision.plugin", options={"mnist": {"root": FILES}})
def test_conformance(check):
    check()
