"""The filters of StyleGAN2, against their definition and torch's interpolation."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from ganzoo.nn import Blur, Downsample, Upsample

DOUBLE = torch.float64


def filtered(x, up=1, down=1, padding=(0, 0), gain=1.0):
    """Zeros between pixels, zeros around, [1, 3, 3, 1] / 8 along both sides, every down-th pixel.

    A loop over output pixels, from the definition.
    """
    n, c, height, width = x.shape
    spread = torch.zeros(n, c, height * up, width * up, dtype=x.dtype)
    spread[:, :, ::up, ::up] = x
    before, after = padding
    spread = F.pad(spread, (before, after, before, after))
    taps = [1 / 8, 3 / 8, 3 / 8, 1 / 8]
    rows, columns = spread.shape[2] - 3, spread.shape[3] - 3
    out = torch.zeros(n, c, len(range(0, rows, down)), len(range(0, columns, down)), dtype=x.dtype)
    for i in range(0, rows, down):
        for j in range(0, columns, down):
            for a in range(4):
                for b in range(4):
                    weight = gain * taps[a] * taps[b]
                    out[:, :, i // down, j // down] += weight * spread[:, :, i + a, j + b]
    return out


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (1, 1, 6, 8)])
def test_filters_equal_their_definition(shape):
    torch.manual_seed(0)
    x = torch.randn(shape, dtype=DOUBLE)
    blur, down, up = Blur(padding=2).double(), Downsample().double(), Upsample().double()
    torch.testing.assert_close(blur(x), filtered(x, padding=(2, 2)))
    torch.testing.assert_close(down(x), filtered(x, down=2, padding=(1, 1)))
    torch.testing.assert_close(up(x), filtered(x, up=2, padding=(2, 1), gain=4))


def test_inside_the_borders_doubling_is_bilinear_and_halving_its_antialiased_inverse():
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8, 8, dtype=DOUBLE)
    inner = (..., slice(2, -2), slice(2, -2))
    double = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(Upsample().double()(x)[inner], double[inner])
    half = F.interpolate(x, scale_factor=0.5, mode="bilinear", antialias=True)
    inner = (..., slice(1, -1), slice(1, -1))
    torch.testing.assert_close(Downsample().double()(x)[inner], half[inner])
