"""Widths of the networks for each size of image, in units of `base_channels`."""

from __future__ import annotations

from typing import NamedTuple


class Widths(NamedTuple):
    """Widths in units of `base_channels`.

    Attributes:
        generator: of the feature map of 4x4 and of those after each stage, which double the sides.
        discriminator: after each stage; for BigGAN-deep after its first convolution, too.
        halvings: how many stages of the discriminator halve the sides: the first ones.
    """

    generator: tuple[int, ...]
    discriminator: tuple[int, ...]
    halvings: int


WIDTHS = {
    32: Widths((4, 4, 4, 4), (2, 2, 2, 2), 2),
    64: Widths((16, 8, 4, 2, 1), (1, 2, 4, 8, 16), 4),
    128: Widths((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5),
    256: Widths((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16, 16), 6),
}
"""BigGAN by the image's side: 128 and 256 of the paper, 32 and 64 of StudioGAN."""

DEEP_WIDTHS = {
    32: Widths((4, 4, 4, 4), (2, 2, 2, 2), 2),
    64: Widths((16, 16, 8, 4, 2), (1, 2, 4, 8, 16), 4),
    128: Widths((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5),
    256: Widths((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16, 16), 6),
}
"""BigGAN-deep: 128 and 256 of the paper, 64 of BigGAN-PyTorch, 32 of StudioGAN."""
