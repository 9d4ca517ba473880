"""The groups blit and geom: one random affine map for each image."""

from __future__ import annotations

import math

from torch import Tensor

from ganzoo_ada.draws import Draws, matrices
from ganzoo_ada.options import AdaOptions

SHIFT = 0.125
"""Farthest translation by whole pixels, and standard deviation of that by fractions, in sides."""

SCALE = 0.2
"""Standard deviation of the binary logarithm of scales."""


def random_maps(draws: Draws, options: AdaOptions, height: int, width: int) -> Tensor:
    """Maps `(N, 3, 3)` from each output pixel to its source, in pixels from the centre.

    The inverse of a chain of transforms is the chain of the inverses, the first one first.
    """
    p, multiplier = draws.p, options.multiplier
    maps = draws.identity(3)

    # Mirror, quarter turns, whole pixels.
    if m := multiplier("xflip"):
        maps = maps @ scaling(1 - 2 * draws.some(draws.integer(2), 0, p * m), 1)
    if m := multiplier("rotate90"):
        maps = maps @ rotation(-math.pi / 2 * draws.some(draws.integer(4), 0, p * m))
    if m := multiplier("xint"):
        x, y = (draws.uniform(-SHIFT, SHIFT) for _ in range(2))
        chosen = draws.some(1, 0, p * m)
        maps = maps @ translation(-(chosen * x * width).round(), -(chosen * y * height).round())

    # Scale, any rotation before and after scales of the axes, fractions of pixels.
    if m := multiplier("scale"):
        scale = draws.some(draws.normal(SCALE), 0, p * m).exp2()
        maps = maps @ scaling(1 / scale, 1 / scale)
    each = 1 - (1 - p * multiplier("rotate")).sqrt()  # so one of both rotations has p * multiplier
    if multiplier("rotate"):
        maps = maps @ rotation(-draws.some(draws.uniform(-math.pi, math.pi), 0, each))
    if m := multiplier("aniso"):
        scale = draws.some(draws.normal(SCALE), 0, p * m).exp2()
        maps = maps @ scaling(1 / scale, scale)
    if multiplier("rotate"):
        maps = maps @ rotation(-draws.some(draws.uniform(-math.pi, math.pi), 0, each))
    if m := multiplier("xfrac"):
        x, y = (draws.normal(SHIFT) for _ in range(2))
        chosen = draws.some(1, 0, p * m)
        maps = maps @ translation(-chosen * x * width, -chosen * y * height)
    return maps


def translation(x: Tensor, y: Tensor) -> Tensor:
    """By x to the right and y down."""
    return matrices((1, 0, x), (0, 1, y), (0, 0, 1))


def scaling(x: Tensor | float, y: Tensor | float) -> Tensor:
    """By a factor along each axis."""
    return matrices((x, 0, 0), (0, y, 0), (0, 0, 1))


def rotation(angle: Tensor) -> Tensor:
    """By an angle in radians, clockwise as seen on a screen."""
    cos, sin = angle.cos(), angle.sin()
    return matrices((cos, -sin, 0), (sin, cos, 0), (0, 0, 1))
