"""The group color: one random affine map of RGB values for each image."""

from __future__ import annotations

import math

from torch import Tensor

import ganzoo
from ganzoo_ada.draws import Draws, matrices
from ganzoo_ada.options import AdaOptions

BRIGHTNESS, CONTRAST, SATURATION = 0.2, 0.5, 1.0
"""Standard deviations: of what is added, and of the binary logarithms of two factors."""

_GREY = 1 / math.sqrt(3)
"""The grey axis of RGB is `(_GREY, _GREY, _GREY)`."""


def random_maps(draws: Draws, options: AdaOptions, *, grey: bool) -> Tensor:
    """Maps `(N, 4, 4)` of (red, green, blue, 1): brightness, contrast, luma flip, hue, saturation.

    Args:
        draws: random numbers.
        options: multipliers.
        grey: the images have no hue.
    """
    p, multiplier = draws.p, options.multiplier
    maps = draws.identity(4)
    if m := multiplier("brightness"):
        maps = brightness(draws.some(draws.normal(BRIGHTNESS), 0, p * m)) @ maps
    if m := multiplier("contrast"):
        maps = contrast(draws.some(draws.normal(CONTRAST), 0, p * m).exp2()) @ maps
    if m := multiplier("lumaflip"):
        maps = luma(1 - 2 * draws.some(draws.integer(2), 0, p * m)) @ maps
    if not grey and (m := multiplier("hue")):
        maps = hue(draws.some(draws.uniform(-math.pi, math.pi), 0, p * m)) @ maps
    if not grey and (m := multiplier("saturation")):
        maps = saturation(draws.some(draws.normal(SATURATION), 0, p * m).exp2()) @ maps
    return maps


def recolored(images: Tensor, maps: Tensor) -> Tensor:
    """Images under maps `(N, 4, 4)` of (red, green, blue, 1).

    A grey image is treated as RGB with three equal channels, whose mean is taken.

    Raises:
        Unsupported: they have neither one nor three channels.
    """
    match images.shape[1]:
        case 1:
            linear = maps[:, :3, :3].sum((1, 2), keepdim=True) / 3
            offset = maps[:, :3, 3:].mean(1, keepdim=True)
        case 3:
            linear, offset = maps[:, :3, :3], maps[:, :3, 3:]
        case channels:
            raise ganzoo.Unsupported(
                f"ada can recolor grey and RGB images, and these have {channels} channels; leave "
                "the group 'color' out, like groups = 'blit,geom'"
            )
    return (linear @ images.flatten(2) + offset).view_as(images)


def brightness(added: Tensor) -> Tensor:
    """Add to all channels."""
    return matrices((1, 0, 0, added), (0, 1, 0, added), (0, 0, 1, added), (0, 0, 0, 1))


def contrast(factor: Tensor) -> Tensor:
    """Multiply all channels; 0 is mid-grey."""
    return _along_and_across_grey(factor, factor)


def luma(factor: Tensor) -> Tensor:
    """Multiply the part along the grey axis; by -1 it is a reflection that keeps the hue."""
    return _along_and_across_grey(factor, 1)


def saturation(factor: Tensor) -> Tensor:
    """Multiply the part across the grey axis."""
    return _along_and_across_grey(1, factor)


def hue(angle: Tensor) -> Tensor:
    """Rotate about the grey axis (Rodrigues' formula); 120 degrees take red to green."""
    along, across = (1 - angle.cos()) / 3, angle.sin() * _GREY
    same, next_, last = along + angle.cos(), along - across, along + across
    return matrices(
        (same, next_, last, 0), (last, same, next_, 0), (next_, last, same, 0), (0, 0, 0, 1)
    )


def _along_and_across_grey(along: Tensor | float, across: Tensor | float) -> Tensor:
    """`along` v v^T + `across` (1 - v v^T), where v is the grey axis."""
    mixed = (along - across) / 3
    same = mixed + across
    return matrices(
        (same, mixed, mixed, 0), (mixed, same, mixed, 0), (mixed, mixed, same, 0), (0, 0, 0, 1)
    )
