"""Photograph a report: `python tests/screenshot.py REPORT PNG [WIDTH HEIGHT [dark]]`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from browser import browser, open_page
from PIL import Image


def photograph(page: Path, to: Path, width: int, height: int, dark: bool) -> None:
    """The top of a page, in few enough colours to be a small file."""
    with browser(width, height, dark=dark) as driver:
        open_page(driver, page)
        png = driver.get_screenshot_as_png()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(to, optimize=True)


if __name__ == "__main__":
    page, to, *rest = sys.argv[1:]
    size = (int(rest[0]), int(rest[1])) if len(rest) >= 2 else (1200, 1000)
    photograph(Path(page), Path(to), *size, "dark" in rest)
