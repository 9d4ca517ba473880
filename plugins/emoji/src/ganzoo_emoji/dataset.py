"""Noto emoji at 32 px on white, from one lossless sheet."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torch import Tensor

import ganzoo
from ganzoo_emoji.options import EmojiOptions

ASSETS = Path(__file__).parent / "assets"


class Emoji(ganzoo.Dataset):
    """1,911 base emoji; the label is the Unicode category, or the condition a grey picture."""

    options: EmojiOptions

    def __init__(self, options: EmojiOptions | None = None) -> None:
        super().__init__(options or EmojiOptions())

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """All emoji, as the split `"train"`."""
        if split != "train":
            raise ganzoo.UsageError(f"emoji has no split '{split}', only train")
        about, tiles = _sheet()
        tiles, tile, labels = tiles.clone(), about["tile"], about["labels"]

        def locate(index: int) -> str:
            return f"emoji {about['code_points'][index]}"

        kind = self.options.condition
        if kind is not None:
            pictures = (_picture(image, kind) for image in tiles)
            spec = ganzoo.ImageSpec(3, tile, tile, condition=ganzoo.Picture(1))
            return ganzoo.ImageSource(list(zip(tiles, pictures, strict=True)), spec, locate=locate)
        return ganzoo.ImageSource(
            list(zip(tiles, labels, strict=True)),
            ganzoo.ImageSpec(3, tile, tile, num_classes=len(about["categories"])),
            class_names=tuple(about["categories"]),
            locate=locate,
        )


@functools.cache
def _sheet() -> tuple[dict[str, Any], Tensor]:
    """What is said of the emoji, and their images `(N, 3, 32, 32)`, decoded once a process."""
    about = json.loads((ASSETS / "sheet.json").read_text(encoding="utf-8"))
    tile, columns = about["tile"], about["columns"]
    with Image.open(ASSETS / "sheet.png") as image:
        sheet = torch.from_numpy(np.array(image))
    rows = sheet.shape[0] // tile
    # rows, tile, columns, tile, 3 -> rows, columns, 3, tile, tile
    tiles = sheet.view(rows, tile, columns, tile, 3).permute(0, 2, 4, 1, 3).flatten(0, 1)
    return about, tiles[: len(about["labels"])]  # the last row is not full


def _picture(image: Tensor, kind: str) -> Tensor:
    """The grey values of an RGB image `(3, H, W)`, or its edges in black: uint8 `(1, H, W)`."""
    grey = np.array(Image.fromarray(image.permute(1, 2, 0).numpy()).convert("L"))
    if kind == "edges":
        # Pillow leaves the outermost pixels as they are.
        padded = Image.fromarray(np.pad(grey, 1, mode="edge"))
        edges = ImageOps.crop(padded.filter(ImageFilter.FIND_EDGES), 1)
        grey = np.array(ImageOps.invert(edges))
    return torch.from_numpy(grey)[None]
