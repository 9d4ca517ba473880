"""Images moved by affine maps, differentiable twice.

A map `(N, 3, 3)` takes each output pixel to its source, both in pixels from the image's centre, x
to the right and y down. An image is continued by reflection, endlessly.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo_ada.wavelets import CENTRE, SYM6, downsampling, reflected, upsampling

MARGIN = len(SYM6) / 4
"""Pixels beyond an image's border that enlarging gives and reducing takes."""

PIECE = 2**14
"""Pixels that a CPU resamples at a time, so that what it works on stays in its cache."""


def moved_by_pixels(images: Tensor, maps: Tensor) -> Tensor:
    """Images under maps that take pixels to pixels: mirrored, turned, shifted."""
    n, channels, height, width = images.shape
    x, y = (_from_centre(images, size, (size - 1) / 2) for size in (width, height))

    # From between two pixels, as in a quarter turn of a rectangle, always to the same side.
    columns = (_linear(maps[:, 0], x, y) + ((width - 1) / 2 + 0.25)).floor().long()
    rows = (_linear(maps[:, 1], x, y) + ((height - 1) / 2 + 0.25)).floor().long()

    sources = reflected(rows, height) * width + reflected(columns, width)
    sources = sources.view(n, 1, -1).expand(n, channels, -1)
    return images.flatten(2).gather(2, sources).view_as(images)


class Resampling(nn.Module):
    """Images under any affine maps: enlarged by sym6, sampled bilinearly, reduced by sym6."""

    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("taps", torch.tensor(SYM6), persistent=False)

    def forward(self, images: Tensor, maps: Tensor) -> Tensor:
        """Images `(N, C, H, W)` and maps `(N, 3, 3)` to images `(N, C, H, W)`."""
        n, _, height, width = images.shape
        x, y = self.side(images, width), self.side(images, height)
        in_pieces = images.device.type == "cpu" and not torch.compiler.is_compiling()
        piece = max(1, PIECE // (height * width)) if in_pieces else n
        rows = [slice(start, start + piece) for start in range(0, n, piece)]
        return torch.cat([_resampled(images[some], maps[some], x, y) for some in rows])

    def side(self, images: Tensor, size: int) -> _Side:
        """What is the same for every image."""
        taps = self.taps.to(images.dtype)
        down = downsampling(taps, size)
        samples = _from_centre(images, down.shape[1], size - 1 + CENTRE) / 2
        return _Side(size, upsampling(taps, size), down, samples)


class _Side(NamedTuple):
    """One side of an image: its size, the matrices that enlarge and reduce it, and the positions.

    The positions `samples` are those of the enlarged samples that reducing takes, in pixels from
    the centre.
    """

    size: int
    up: Tensor
    down: Tensor
    samples: Tensor


def _resampled(images: Tensor, maps: Tensor, x: _Side, y: _Side) -> Tensor:
    """A piece of a batch, resampled."""
    grid = images.new_empty(len(images), len(y.samples), len(x.samples), 2)
    for axis in (0, 1):  # `torch.stack` along the last axis takes four times as long
        grid[..., axis] = _grid(maps[:, axis], axis, x, y)
    enlarged = y.up @ (images @ x.up.t())
    sampled: Tensor = _Bilinear.apply(enlarged, grid)
    return y.down @ (sampled @ x.down.t())


def _grid(rows: Tensor, axis: int, x: _Side, y: _Side) -> Tensor:
    """Sources `(N, H, W)` of the enlarged samples along an axis, as `grid_sample` counts them.

    The enlarged image is reflected at the outermost pixels. Only its margin is taken as it is, so
    that enlarging and reducing cancel out.
    """
    side = (x, y)[axis]
    reach = max(side.size - 1, 1)

    # In turns of the reflected side, whose period is twice its reach.
    turns = _linear(rows / (2 * reach), x.samples, y.samples)
    turns -= turns.round()
    beyond = F.hardshrink(F.softshrink(turns, 0.25), MARGIN / (2 * reach))
    turns.sub_(beyond, alpha=2)

    # From -1 to 1.
    last = side.up.shape[0] - 1
    return turns.mul_(8 * reach / last).add_(2 * (side.size - 1 + CENTRE) / last - 1)


def _from_centre(images: Tensor, count: int, centre: float) -> Tensor:
    """Positions `(count,)` from a centre."""
    return torch.arange(count, dtype=images.dtype, device=images.device) - centre


def _linear(rows: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """a x + b y + c `(N, H, W)` at all `x` (W,) and `y` (H,) for rows (a, b, c) `(N, 3)`."""
    a, b, c = rows[:, :, None, None].unbind(1)
    return a * x + (b * y[:, None] + c)


class _Bilinear(torch.autograd.Function):
    """`grid_sample`, linear in the images, with the derivatives that torch's own lacks.

    torch cannot differentiate its backward pass (pytorch issue 34704), which is another linear map.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.size = images.shape[2:]
        return F.grid_sample(images, grid, padding_mode="border", align_corners=True)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return _BilinearAdjoint.apply(gradient, grid, *ctx.size), None


class _BilinearAdjoint(torch.autograd.Function):
    """The adjoint of `_Bilinear`, whose adjoint is `_Bilinear`."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, grid: Tensor, height: int, width: int) -> Tensor:
        ctx.save_for_backward(grid)
        images = gradient.new_empty(*gradient.shape[:2], height, width)
        backward = torch.ops.aten.grid_sampler_2d_backward
        bilinear, border = 0, 1
        mask = [True, False]  # by the images, not by the grid
        adjoint: Tensor = backward(gradient, images, grid, bilinear, border, True, mask)[0]
        return adjoint

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (grid,) = ctx.saved_tensors
        return _Bilinear.apply(gradient, grid), None, None, None
