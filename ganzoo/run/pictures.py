"""Pictures: image grids, single images and GIFs; each file is written completely or not at all."""

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
    """Convert images `(N, C, H, W)` in [-1, 1] to RGB, uint8 `(N, 3, H, W)`.

    One channel is repeated, two are padded with black, and of more than three the first three are
    used.
    """
    pixels = to_uint8(images)
    channels = pixels.shape[1]
    if channels == 1:
        return pixels.expand(-1, 3, -1, -1)
    if channels == 2:
        return torch.cat([pixels, torch.zeros_like(pixels[:, :1])], dim=1)
    return pixels[:, :3]


def grid(images: Tensor, columns: int | None = None) -> Tensor:
    """Arrange images in a grid, row by row; a single image has no frame.

    Args:
        images: `(N, C, H, W)` in [-1, 1].
        columns: as many as rows if None.

    Returns:
        uint8 `(3, H', W')`.
    """
    if len(images) == 1:
        return to_rgb(images)[0]

    # Frame each image. Equals torchvision.utils.make_grid, whose import takes three seconds.
    columns = min(columns or math.ceil(math.sqrt(len(images))), len(images))
    rows = math.ceil(len(images) / columns)
    framed = functional.pad(to_rgb(images), (GAP, 0, GAP, 0), value=255)
    _, channels, height, width = framed.shape

    # Fill the cells; empty ones stay white.
    sheet = framed.new_full((rows * columns, channels, height, width), 255)
    sheet[: len(images)] = framed
    cells = sheet.view(rows, columns, channels, height, width)
    picture = cells.permute(2, 0, 3, 1, 4).reshape(channels, rows * height, columns * width)
    return functional.pad(picture, (0, GAP, 0, GAP), value=255)


def save_grid(images: Tensor, path: str | Path, columns: int | None = None) -> Path:
    """Write a grid of images `(N, C, H, W)` in [-1, 1]; the suffix of the path gives the format.

    Raises:
        GanzooError: the file cannot be written, or the suffix is no image format.
    """
    return save_picture(grid(images, columns), Path(path))


def save_picture(picture: Tensor, path: Path) -> Path:
    """Write a uint8 `(3, H, W)` picture."""
    format_ = _format(path)
    with replacing_file(path) as file:
        _pil_image(picture).save(file, format=format_)
    return path


def save_singles(images: Tensor, folder: Path) -> list[Path]:
    """Write each image into a PNG: `00000.png`, `00001.png`, …; grey images stay grey."""
    paths = []
    for index, picture in enumerate(to_rgb(images)):
        image = _pil_image(picture)
        if images.shape[1] == 1:
            image = image.convert("L")
        path = folder / f"{index:05d}.png"
        with replacing_file(path) as file:
            image.save(file, format="PNG")
        paths.append(path)
    return paths


def save_gif(frames: list[Tensor], path: Path, fps: float) -> Path:
    """Write uint8 `(3, H, W)` frames as a GIF that loops."""
    first, *rest = [_pil_image(frame) for frame in frames]
    with replacing_file(path) as file:
        first.save(
            file, format="GIF", save_all=True, append_images=rest, duration=1000 / fps, loop=0
        )
    return path


def _pil_image(picture: Tensor) -> Image.Image:
    return Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy())


def _format(path: Path) -> str:
    """Return Pillow's name of the format that the suffix stands for."""
    formats = Image.registered_extensions()
    if path.suffix.lower() not in formats:
        raise GanzooError(f"cannot write a picture as '{path.name}': end the name in .png")
    return formats[path.suffix.lower()]
