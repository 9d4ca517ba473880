"""Wavelet filters along one side of an image, as matrices. Images are reflected at their borders.

A matrix product is fast for small images, differentiable any number of times, and its adjoint is
exact.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

SYM6 = (
    -0.007800708325034148,
    0.0017677118642428036,
    0.04472490177066578,
    -0.021060292512300564,
    -0.07263752278646252,
    0.3379294217276218,
    0.787641141030194,
    0.4910559419267466,
    -0.048311742585633,
    -0.11799011114819057,
    0.0034907120842174702,
    0.015404109327027373,
)
"""The symlet of 6 vanishing moments: an orthonormal lowpass filter, nearly symmetric."""

_R3 = math.sqrt(3)
SYM2 = tuple(c / (4 * math.sqrt(2)) for c in (1 + _R3, 3 + _R3, 3 - _R3, 1 - _R3))
"""The symlet of 2 vanishing moments."""

CENTRE = sum(n * tap for n, tap in enumerate(SYM6)) / sum(SYM6)
"""The centre of gravity of sym6: pixel k lies at `2 * k + CENTRE` of the enlarged side."""


def reflected(positions: Tensor, size: int) -> Tensor:
    """The pixels of whole positions anywhere, `0 1 2 3 2 1 0 1 …` for a side of 4."""
    period = max(2 * (size - 1), 1)
    forth = positions.remainder(period)
    return torch.minimum(forth, period - forth)


def upsampling(taps: Tensor, size: int) -> Tensor:
    """A side at twice the resolution, with the margins that `downsampling` takes, and one more.

    A matrix `(2 * size + len(taps) - 1, size)`. Row m is the sum of sqrt(2) h[m - 2k] x[k] over k.
    """
    rows = torch.arange(2 * size + len(taps) - 1, device=taps.device)
    polyphase = math.sqrt(2) * taps.view(-1, 2).t()[rows % 2]
    steps = torch.arange(len(taps) // 2, device=taps.device)
    return _matrix(polyphase, rows[:, None] // 2 - steps, size)


def downsampling(taps: Tensor, size: int) -> Tensor:
    """The adjoint filter, `(size, 2 * size + len(taps) - 2)`: the inverse of `upsampling`.

    Pixel i is the sum of h[n] v[2i + n] / sqrt(2) over n.
    """
    columns = 2 * torch.arange(size, device=taps.device)[:, None]
    columns = columns + torch.arange(len(taps), device=taps.device)
    matrix = taps.new_zeros(size, 2 * size + len(taps) - 2)
    return matrix.scatter(1, columns, (taps / math.sqrt(2)).expand(size, -1))


def bands(taps: Tensor, size: int) -> Tensor:
    """Zero-phase filters of four octaves from low to high, `(4, size, size)`; their sum is 1.

    The lowpass filter P is the autocorrelation of the wavelet's, halved. With P_k = P(z^k) the
    bands are P4 P2 P1, (1 - P4) P2 P1, (1 - P2) P1 and 1 - P1.
    """
    # Autocorrelation.
    length = len(taps)
    padded = torch.nn.functional.pad(taps, (length - 1, length - 1))
    lowpass = padded.unfold(0, length, 1) @ taps / 2

    # Each octave splits the rest of the one above.
    steps = torch.arange(1 - length, length, device=taps.device)
    pixels = torch.arange(size, device=taps.device)[:, None]
    rest = torch.eye(size, dtype=taps.dtype, device=taps.device)
    octaves = []
    for spacing in (1, 2, 4):
        low = _matrix(lowpass.expand(size, -1), pixels + spacing * steps, size) @ rest
        octaves.append(rest - low)
        rest = low
    return torch.stack([rest, *reversed(octaves)])


def _matrix(weights: Tensor, positions: Tensor, size: int) -> Tensor:
    """The matrix whose row i takes pixels at positions `(rows, taps)` of a reflected side."""
    zeros = weights.new_zeros(len(weights), size)
    return zeros.scatter_add(1, reflected(positions, size), weights)
