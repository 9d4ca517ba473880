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


ATTRIBUTES = {"path": PHOTOS, "attributes": Path("../attributes.csv")}


@ganzoo.testing.conformance("ganzoo_image_folder.plugin", options={"image-folder": ATTRIBUTES})
def test_conformance_with_attributes(check):
    check()
