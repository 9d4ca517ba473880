"""Pictures: images as PNG grids, single PNGs and GIFs, each written whole or not at all."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ganzoo.errors import GanzooError

GAP = 2
"""White pixels between two images of a grid."""


def to_rgb(images: Tensor) -> Tensor:
    """`(N, C, H, W)` in [-1, 1] as uint8 `(N, 3, H, W)`.

    Grey is repeated, two channels are padded with black, of more than three the first three show.
    """
    pixels = images.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
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
    return _write(path, lambda file: image.save(file, format=kind))


def save_singles(images: Tensor, folder: Path) -> list[Path]:
    """Write each image as a PNG of its own: `00000.png`, `00001.png`, …; grey ones stay grey."""
    rgb = to_rgb(images)
    paths = []
    for index, picture in enumerate(rgb):
        image = Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy())
        image = image.convert("L") if images.shape[1] == 1 else image
        path = folder / f"{index:05d}.png"
        paths.append(_write(path, lambda file, image=image: image.save(file, format="PNG")))  # type: ignore[misc]
    return paths


def save_gif(frames: list[Tensor], path: Path, fps: float) -> Path:
    """Write uint8 `(3, H, W)` frames as an endless GIF."""
    pictures = [Image.fromarray(f.permute(1, 2, 0).contiguous().numpy()) for f in frames]
    first, *rest = pictures
    return _write(
        path,
        lambda file: first.save(
            file, format="GIF", save_all=True, append_images=rest, duration=1000 / fps, loop=0
        ),
    )


def _format(path: Path) -> str:
    formats = Image.registered_extensions()
    if path.suffix.lower() not in formats:
        raise GanzooError(f"cannot write a picture as '{path.name}': end the name in .png")
    return formats[path.suffix.lower()]


def _write(path: Path, save: Callable[[BinaryIO], None]) -> Path:
    """Write to a temporary name and rename, so that no half picture is ever seen."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            save(file)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise GanzooError(f"cannot write {path}: {error.strerror or error}") from error
    return path
