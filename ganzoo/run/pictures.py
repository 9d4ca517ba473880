"""Pictures: images as PNG grids, single PNGs and GIFs, each written whole or not at all."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ganzoo.data.pixels import to_uint8
from ganzoo.errors import GanzooError
from ganzoo.files import replacing_file

GAP = 2
"""White pixels between two images of a grid."""


def to_rgb(images: Tensor) -> Tensor:
    """`(N, C, H, W)` in [-1, 1] as uint8 `(N, 3, H, W)`.

    Grey is repeated, two channels are padded with black, of more than three the first three show.
    """
    pixels = to_uint8(images)
    channels = pixels.shape[1]
    if channels == 1:
        return pixels.expand(-1, 3, -1, -1)
    if channels == 2:
        return torch.cat([pixels, torch.zeros_like(pixels[:, :1])], dim=1)
    return pixels[:, :3]


def grid(images: Tensor, columns: int | None = None) -> Tensor:
    """A grid of images, row by row; a single image is its own grid.

    Args:
        images: `(N, C, H, W)` in [-1, 1].
        columns: about a square where None.

    Returns:
        uint8 `(3, H', W')`.
    """
    if len(images) == 1:
        return to_rgb(images)[0]
    # as torchvision.utils.make_grid, whose import takes three seconds: too long to draw a picture
    columns = min(columns or math.ceil(math.sqrt(len(images))), len(images))
    rows = math.ceil(len(images) / columns)
    framed = functional.pad(to_rgb(images), (GAP, 0, GAP, 0), value=255)
    _, channels, height, width = framed.shape
    sheet = framed.new_full((rows * columns, channels, height, width), 255)
    sheet[: len(images)] = framed
    cells = sheet.view(rows, columns, channels, height, width)
    picture = cells.permute(2, 0, 3, 1, 4).reshape(channels, rows * height, columns * width)
    return functional.pad(picture, (0, GAP, 0, GAP), value=255)


def save_grid(images: Tensor, path: str | Path, columns: int | None = None) -> Path:
    """Write a grid of images `(N, C, H, W)` in [-1, 1] as one PNG (or whatever the name ends in).

    Raises:
        GanzooError: it cannot be written there, or the ending is no image format.
    """
    return save_picture(grid(images, columns), Path(path))


def save_picture(picture: Tensor, path: Path) -> Path:
    """Write a uint8 `(3, H, W)` picture."""
    image, kind = Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy()), _format(path)
    with replacing_file(path) as file:
        image.save(file, format=kind)
    return path


def save_singles(images: Tensor, folder: Path) -> list[Path]:
    """Write each image as a PNG of its own: `00000.png`, `00001.png`, …; grey ones stay grey."""
    rgb = to_rgb(images)
    paths = []
    for index, picture in enumerate(rgb):
        image = Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy())
        image = image.convert("L") if images.shape[1] == 1 else image
        path = folder / f"{index:05d}.png"
        with replacing_file(path) as file:
            image.save(file, format="PNG")
        paths.append(path)
    return paths


def save_gif(frames: list[Tensor], path: Path, fps: float) -> Path:
    """Write uint8 `(3, H, W)` frames as an endless GIF."""
    pictures = [Image.fromarray(f.permute(1, 2, 0).contiguous().numpy()) for f in frames]
    first, *rest = pictures
    with replacing_file(path) as file:
        first.save(
            file, format="GIF", save_all=True, append_images=rest, duration=1000 / fps, loop=0
        )
    return path


def _format(path: Path) -> str:
    formats = Image.registered_extensions()
    if path.suffix.lower() not in formats:
        raise GanzooError(f"cannot write a picture as '{path.name}': end the name in .png")
    return formats[path.suffix.lower()]
