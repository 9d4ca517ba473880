"""Every promise that ganzoo relies on."""

from __future__ import annotations

from pathlib import Path

import ganzoo.testing

PHOTOS = Path(__file__).parent / "photos"


@ganzoo.testing.conformance(
    "ganzoo_image_folder.plugin", options={"image-folder": {"path": PHOTOS}}
)
def test_conformance(check):
    check()
