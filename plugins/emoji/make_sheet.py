"""Make the included sheet from the unpacked npm package emoji-datasource-google.

    npm pack emoji-datasource-google && tar xzf emoji-datasource-google-*.tgz
    python make_sheet.py package

Every base emoji (no skin tones) with a Noto image, in the package's order: composited on white at
64 px, downscaled to 32 px. The sheet is lossless.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PIL import Image

TILE, COLUMNS = 32, 44
ASSETS = Path(__file__).parent / "src" / "ganzoo_emoji" / "assets"


def main(package: Path) -> None:
    """Read the package, write sheet and labels."""
    listed = json.loads((package / "emoji.json").read_text(encoding="utf-8"))
    emoji = [entry for entry in listed if entry["has_img_google"]]
    categories = sorted({entry["category"] for entry in emoji})
    sheet = Image.new("RGB", (COLUMNS * TILE, -(-len(emoji) // COLUMNS) * TILE), "white")
    for index, entry in enumerate(emoji):
        with Image.open(package / "img" / "google" / "64" / entry["image"]) as image:
            picture = image.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        flat = Image.alpha_composite(white, picture).convert("RGB")
        tile = flat.resize((TILE, TILE), Image.Resampling.BOX)
        sheet.paste(tile, (index % COLUMNS * TILE, index // COLUMNS * TILE))
    sheet.save(ASSETS / "sheet.png", optimize=True)
    about = {
        "tile": TILE,
        "columns": COLUMNS,
        "categories": categories,
        "labels": [categories.index(entry["category"]) for entry in emoji],
        "code_points": [entry["unified"] for entry in emoji],
    }
    (ASSETS / "sheet.json").write_text(json.dumps(about), encoding="utf-8")
    print(f"{len(emoji)} emoji in {len(categories)} categories")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
