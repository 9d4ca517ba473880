"""Pictures: grids, single images and animations; a file is written completely or not at all."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ganzoo.data.pixels import from_uint8, to_uint8
from ganzoo.errors import GanzooError, UsageError, setting, shown, whole
from ganzoo.files import destination, replacing_file
from ganzoo.run.video import check_encoder, save_video

GAP = 2
"""White pixels between two images of a grid."""

PICTURES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""Pillow's names of the formats of pictures, by suffix."""

ANIMATIONS = {".gif": "GIF", ".png": "PNG", ".apng": "PNG", ".webp": "WEBP", ".mp4": "MP4"}
"""Names of the formats of animations, by suffix; all are Pillow's but MP4."""

GIF_FPS = 50
"""Frames per second of a GIF at most: players show delays below 0.02 s as 0.1 s."""

LONG_SIDE = 800
"""Pixels up to which a small picture is enlarged, unless a scale is given."""

MOST_ENLARGED = 4
"""The largest scale that is chosen for a picture."""


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


def side_by_side(*pictures: Tensor) -> Tensor:
    """Join images `(N, C, H, W)` in [-1, 1] of one height, each with those of its row, as RGB."""
    return from_uint8(torch.cat([to_rgb(images) for images in pictures], dim=3))


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


def enlarged(picture: Tensor, scale: int | None = None) -> Tensor:
    """Enlarge a picture `(3, H, W)`: each pixel becomes a square of `scale` by `scale` pixels.

    None enlarges small pictures alone: at most 4 times, and to at most 800 pixels a side.
    """
    if scale is None:
        scale = min(max(LONG_SIDE // max(picture.shape[1:]), 1), MOST_ENLARGED)
    return picture.repeat_interleave(scale, 1).repeat_interleave(scale, 2)


def reduced(image: Image.Image) -> Image.Image:
    """Undo `enlarged`: a page enlarges the picture again, without its bytes."""
    nearest = Image.Resampling.NEAREST
    for scale in range(MOST_ENLARGED, 1, -1):
        small = image.resize((image.width // scale, image.height // scale), nearest)
        if small.resize(image.size, nearest).tobytes() == image.tobytes():
            return small
    return image


def pil_image(picture: Tensor) -> Image.Image:
    """Convert a uint8 `(3, H, W)` or `(1, H, W)` picture to one of Pillow."""
    pixels = picture[0] if len(picture) == 1 else picture.permute(1, 2, 0)
    return Image.fromarray(pixels.contiguous().numpy())


def png(image: Image.Image) -> bytes:
    """Encode a picture as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def save_grid(
    images: Tensor, path: str | Path, columns: int | None = None, scale: int | None = 1
) -> Path:
    """Write a grid of images `(N, C, H, W)` in [-1, 1]; returns its path.

    Args:
        images: at least one.
        path: ends in .png, .jpg, .webp, .gif, .bmp or .tif, which gives the format.
        columns: as many as rows if None.
        scale: factor by which it is enlarged; None enlarges small grids, as `ganzoo sample` does.

    Raises:
        UsageError: there is no image, or a tensor of another shape, `columns` or `scale` is below
            1, the suffix is none of these, or the path names a folder or device.
        GanzooError: the file cannot be written.
    """
    if not isinstance(images, Tensor) or images.ndim != 4 or not images.numel():
        got = tuple(images.shape) if isinstance(images, Tensor) else shown(images)
        raise UsageError(f"a grid is of at least one image, a tensor (N, C, H, W); got {got}")
    columns = None if columns is None else whole("columns", columns)
    scale = None if scale is None else whole("scale", scale)
    return save_picture(enlarged(grid(images, columns), scale), Path(path))


def save_picture(picture: Tensor, path: Path) -> Path:
    """Write a uint8 `(3, H, W)` picture."""
    return _save([picture], path, check_picture(path))


def save_singles(images: Tensor, folder: Path) -> list[Path]:
    """Write each image into a PNG: `00000.png`, `00001.png`, …; grey images stay grey.

    Raises:
        UsageError: the folder has more images of these names.
        GanzooError: a file cannot be written.
    """
    check_singles(folder, len(images))
    pixels = to_uint8(images) if images.shape[1] == 1 else to_rgb(images)
    return [_save([p], folder / f"{k:05d}.png", "PNG") for k, p in enumerate(pixels)]


def check_singles(folder: Path, n: int) -> None:
    """Check that n single images replace all of an earlier sample.

    Raises:
        UsageError: the folder has more of them, which would look like images of this sample.
    """
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    older = [name for name in names if re.fullmatch(r"\d{5,}\.png", name) and int(name[:-4]) >= n]
    if older:
        raise UsageError(
            f"{folder} has {len(older)} more images of an earlier sample, such as {min(older)}; "
            "they would look like images of this one. Name a new folder, or remove them"
        )


def save_animation(frames: Sequence[Tensor], path: Path, fps: float) -> Path:
    """Write uint8 `(3, H, W)` frames as an animation that loops, or as an MP4."""
    format_ = check_animation(path, fps)
    if format_ == "MP4":
        return save_video(frames, path, fps)

    # Durations: rounded so that their sum is right.
    unit = 10 if format_ == "GIF" else 1  # milliseconds
    ends = [round(k * 1000 / fps / unit) * unit for k in range(len(frames) + 1)]
    durations = [end - start for start, end in pairwise(ends)]

    options = {"lossless": True} if format_ == "WEBP" else {}
    return _save(frames, path, format_, save_all=True, duration=durations, loop=0, **options)


def check_picture(path: Path) -> str:
    """Return Pillow's name of a picture's format.

    Raises:
        UsageError: the suffix is none of a picture, or the path cannot be a file's.
    """
    return _format(path, PICTURES, "a picture")


def check_animation(path: Path, fps: float) -> str:
    """Return Pillow's name of an animation's format.

    Raises:
        UsageError: the suffix is none of an animation, the path cannot be a file's, the format
            has not that many frames per second, or the package that encodes it is missing.
    """
    format_ = _format(path, ANIMATIONS, "an animation")
    if format_ == "MP4":
        check_encoder()
    if not 0 < fps < math.inf:
        raise UsageError(f"{setting('fps')} is {fps:g}, but should be a number above 0")
    if format_ == "GIF" and fps > GIF_FPS:
        raise UsageError(
            f"a GIF shows at most {GIF_FPS} frames per second, got {setting('fps', f'{fps:g}')}; "
            "end the name in .webp or .png"
        )
    return format_


def _format(path: Path, formats: Mapping[str, str], what: str) -> str:
    """Return the format that the suffix of a path stands for."""
    if path.suffix.lower() not in formats:
        *most, last = formats
        raise UsageError(
            f"cannot write {what} as '{path.name}': end the name in {', '.join(most)} or {last}"
        )
    destination(path)
    return formats[path.suffix.lower()]


def _save(frames: Sequence[Tensor], path: Path, format_: str, **options: Any) -> Path:
    """Write uint8 `(3, H, W)` or `(1, H, W)` frames by Pillow, with options of the format."""
    first, *rest = [pil_image(frame) for frame in frames]
    if rest:
        options["append_images"] = rest
    with replacing_file(path) as file:
        try:
            first.save(file, format=format_, **options)
        except ValueError as error:  # too large for the format
            raise GanzooError(f"cannot write {path}: {error}") from error
    return path
