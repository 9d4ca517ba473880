"""Decoding: an image of any mode and size becomes uint8 pixels of the training shape.

The EXIF orientation is applied, 16 bits (or as many of them as the file uses) become 8,
transparency is composited on white. Then the image is centre-cropped to the aspect ratio of the
training shape and resized with antialiasing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from torch import Tensor

from ganzoo.data.depth import BITS, SIXTEEN_BIT
from ganzoo.errors import UsageError, setting
from ganzoo.interfaces.dataset import ImageSpec

Pixels = npt.NDArray[np.uint8]

MAX_SIDE = 32_000
"""Largest width or height that is decoded; Pillow limits the number of pixels."""

_GREY = ("1", "L", "LA", "La", *SIXTEEN_BIT)


def to_pixels(image: Image.Image | Tensor, channels: int, height: int, width: int) -> Pixels:
    """Decode an image to uint8 pixels `(height, width, channels)`.

    A PIL image of any mode, or a uint8 tensor `(C, H, W)`, becomes grey (1 channel) or RGB (3). A
    tensor with another number of channels keeps it.

    Raises:
        UsageError: the image cannot be converted to that number of channels.
        ValueError: the pixels are floating point or no uint8, or there are too many.
        OSError: the image cannot be decoded.
    """
    # Tensors.
    if isinstance(image, Tensor):
        if str(image.dtype) != "torch.uint8" or image.ndim != 3:
            raise ValueError(
                f"an image tensor must be uint8 (C, H, W), got {image.dtype} of shape "
                f"{tuple(image.shape)}"
            )
        array = image.permute(1, 2, 0).numpy()
        if array.shape == (height, width, channels):
            return np.ascontiguousarray(array)
        if array.shape[2] not in (1, 3, 4) or channels not in (1, 3):
            return _resize_planes(array, channels, height, width)
        image = Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)

    # Limits.
    if max(image.size) > MAX_SIDE:  # the header says so before a pixel is decoded
        raise ValueError(
            f"{image.width} x {image.height} pixels; images wider or higher than {MAX_SIDE} are "
            "not decoded, since one of them could use all memory"
        )
    if channels not in (1, 3):
        raise UsageError(f"an image has 1 (grey) or 3 (RGB) channels, not {channels}")

    # Colour mode.
    flat = _without_alpha(_eight_bits(ImageOps.exif_transpose(image)))
    if flat.mode == "LAB":  # Pillow converts it to RGB only
        flat = flat.convert("RGB")
    flat = flat.convert("L" if channels == 1 else "RGB")

    # Crop and resize.
    if flat.size != (width, height):
        flat = ImageOps.fit(flat, (width, height), Image.Resampling.BICUBIC)
    return np.asarray(flat).reshape(height, width, channels)


def natural_channels(image: Image.Image | Tensor) -> int:
    """Return 1 for a grey image, 3 for a colour image, the number of channels of a tensor."""
    if isinstance(image, Tensor):
        return image.shape[0]
    return 1 if image.mode in _GREY else 3


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16 bits, or as many of them as `info[BITS]` says, to 8."""
    if image.mode == "F":
        raise ValueError("floating-point pixels have no agreed range; save it with 8 or 16 bits")
    if image.mode not in SIXTEEN_BIT:
        return image
    samples = np.asarray(image).astype(np.int64)
    bits = image.info.get(BITS, 16)
    white = 2**bits - 1
    if samples.min() < 0 or samples.max() > white:
        raise ValueError(
            f"pixels from {samples.min():,} to {samples.max():,} do not fit into {bits} bits, "
            f"0 to {white:,}; save it with 8 or 16 bits"
        )
    return Image.fromarray((samples / (white / 255)).round().astype(np.uint8))


def _without_alpha(image: Image.Image) -> Image.Image:
    """Composite a transparent image on white."""
    if image.mode in ("La", "RGBa"):  # premultiplied: Pillow converts these to one mode only
        image = image.convert(image.mode.upper())
    if not image.has_transparency_data:
        return image
    opaque = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", opaque.size, "white"), opaque)


def _resize_planes(array: Pixels, channels: int, height: int, width: int) -> Pixels:
    """Crop and resize each channel by itself: the data are no pictures (points, five bands)."""
    if array.shape[2] != channels:
        raise UsageError(
            f"these images have {array.shape[2]} channels, which cannot become {channels}; "
            f"leave {setting('channels')} out"
        )
    planes = [
        ImageOps.fit(
            Image.fromarray(array[:, :, k].copy()), (width, height), Image.Resampling.BICUBIC
        )
        for k in range(channels)
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


def decoded_spec(natural: ImageSpec, size: tuple[int, int], channels: int) -> ImageSpec:
    """The spec of images that are decoded at another height and width and number of channels.

    Raises:
        UsageError: one of them is below 1.
    """
    height, width = size
    if min(height, width) < 1:
        raise UsageError(f"{setting('size', size)} should be at least 1x1 pixel")
    if channels < 1:
        raise UsageError(f"{setting('channels', channels)} should be at least 1; 3 is usual")
    return replace(natural, channels=channels, height=height, width=width)
