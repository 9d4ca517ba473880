"""Noto emoji at 32 px on white, from one lossless sheet."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import ganzoo

ASSETS = Path(__file__).parent / "assets"


class Emoji(ganzoo.Dataset):
    """1,911 base emoji; the label is the Unicode category."""

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """All emoji, as the split `"train"`."""
        if split != "train":
            raise ganzoo.UsageError(f"emoji has no split '{split}', only train")
        about = json.loads((ASSETS / "sheet.json").read_text(encoding="utf-8"))
        tile, columns, labels = about["tile"], about["columns"], about["labels"]
        with Image.open(ASSETS / "sheet.png") as image:
            sheet = torch.from_numpy(np.array(image))
        rows = sheet.shape[0] // tile
        # rows, tile, columns, tile, 3 -> rows, columns, 3, tile, tile
        tiles = sheet.view(rows, tile, columns, tile, 3).permute(0, 2, 4, 1, 3).flatten(0, 1)
        return ganzoo.ImageSource(
            list(zip(tiles, labels, strict=False)),  # the last row is not full
            ganzoo.ImageSpec(3, tile, tile, num_classes=len(about["categories"])),
            class_names=tuple(about["categories"]),
            locate=lambda index: f"emoji {about['code_points'][index]}",
        )
