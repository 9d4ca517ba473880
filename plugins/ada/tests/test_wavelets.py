"""Promises of the wavelets' filters, against their defining equations and numpy's convolution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ganzoo_ada.wavelets import SYM2, SYM6, bands, downsampling, upsampling

DOUBLE = torch.float64
SIZES = [1, 2, 3, 8, 13, 32]


@pytest.mark.parametrize(("taps", "moments"), [(SYM2, 2), (SYM6, 6)])
def test_the_symlets_are_orthonormal_to_their_even_shifts_and_have_their_vanishing_moments(
    taps, moments
):
    h = np.array(taps)
    assert len(h) == 2 * moments
    assert h.sum() == pytest.approx(np.sqrt(2), abs=1e-9)
    for shift in range(0, len(h), 2):
        assert h[shift:] @ h[: len(h) - shift] == pytest.approx(float(shift == 0), abs=1e-9)
    n = np.arange(len(h))
    for power in range(moments):
        assert ((-1.0) ** n * n**power) @ h == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_enlarging_is_the_filter_between_zeros_on_a_side_reflected_without_its_border(size):
    side = np.random.default_rng(0).normal(size=size)
    reflected = np.pad(side, 8, mode="reflect" if size > 1 else "edge")
    between = np.zeros(2 * len(reflected))
    between[::2] = reflected
    expected = np.sqrt(2) * np.convolve(between, SYM6)[16 : 16 + 2 * size + 11]
    found = upsampling(torch.tensor(SYM6, dtype=DOUBLE), size) @ torch.tensor(side)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_reducing_undoes_enlarging(size):
    taps = torch.tensor(SYM6, dtype=DOUBLE)
    up = upsampling(taps, size)[:-1]  # without the spare row
    torch.testing.assert_close(
        downsampling(taps, size) @ up, torch.eye(size, dtype=DOUBLE), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("size", [2, 8, 13, 32])
def test_each_band_has_the_response_of_its_octave_at_every_frequency(size):
    """Cosines that are even about both outermost pixels are eigenvectors of reflected filters."""
    omega = np.pi * np.arange(size) / (size - 1)
    cosines = torch.tensor(np.cos(np.outer(np.arange(size), omega)))

    def lowpass(frequency):
        return np.abs(np.exp(-1j * np.outer(frequency, np.arange(4))) @ SYM2) ** 2 / 2

    one, two, four = (lowpass(spacing * omega) for spacing in (1, 2, 4))
    responses = [one * two * four, one * two * (1 - four), one * (1 - two), 1 - one]
    found = bands(torch.tensor(SYM2, dtype=DOUBLE), size)
    for band, response in zip(found, responses, strict=True):
        torch.testing.assert_close(band @ cosines, cosines * torch.tensor(response))
    torch.testing.assert_close(found.sum(0), torch.eye(size, dtype=DOUBLE))
