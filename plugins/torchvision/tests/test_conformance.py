"""Every promise that ganzoo relies on."""

from __future__ import annotations

from pathlib import Path

import ganzoo.testing

FILES = Path(__file__).parent / "files"
"""Files of MNIST's format and of LSUN's; the other datasets' files carry checksums."""

OPTIONS = {"mnist": {"root": FILES}, "lsun": {"root": FILES, "classes": ["toy", "tower"]}}


@ganzoo.testing.conformance("ganzoo_torchvision.plugin", options=OPTIONS)
def test_conformance(check):
    check()
