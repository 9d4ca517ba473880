"""Promises of the latent distributions."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganzoo import NormalLatent, UniformLatent, UsageError


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_normal_latents_have_mean_zero_and_variance_one():
    z = NormalLatent(64).sample(4000, generator=rng())
    assert z.shape == (4000, 64)
    assert abs(z.mean()) < 0.01
    assert abs(z.var() - 1) < 0.01


def test_truncated_normal_latents_have_the_variance_of_the_truncated_normal():
    """Var = 1 - 2 a phi(a) / (2 Phi(a) - 1) for a symmetric cut at a."""
    a = 0.8
    z = NormalLatent(64).sample(8000, generator=rng(), truncation=a)
    phi = math.exp(-a * a / 2) / math.sqrt(2 * math.pi)
    expected = 1 - 2 * a * phi / math.erf(a / math.sqrt(2))
    assert z.abs().max() <= a
    assert z.var().item() == pytest.approx(expected, rel=0.01)


def test_uniform_latents_fill_the_cube():
    z = UniformLatent(8).sample(5000, generator=rng())
    assert z.min() >= -1
    assert z.max() <= 1
    assert abs(z.var() - 1 / 3) < 0.01


def test_truncated_uniform_latents_fill_a_smaller_cube():
    z = UniformLatent(8).sample(5000, generator=rng(), truncation=0.5)
    assert z.abs().max() <= 0.5
    assert abs(z.var() - 0.25 / 3) < 0.005


@pytest.mark.parametrize("kind", [NormalLatent, UniformLatent])
@pytest.mark.parametrize("truncation", [0.0, -1.0, float("nan")])
def test_a_truncation_that_is_not_positive_is_refused(kind, truncation):
    with pytest.raises(UsageError, match="above 0"):
        kind(4).sample(2, truncation=truncation)


def test_a_latent_needs_a_dimension():
    with pytest.raises(UsageError, match="at least 1, got 0"):
        NormalLatent(0)


@given(st.floats(0, 1))
def test_a_spherical_walk_between_equal_norms_stays_on_the_sphere(t):
    start, end = NormalLatent(32).sample(2, generator=rng())
    start, end = start / start.norm(), end / end.norm()
    assert NormalLatent(32).interpolate(start, end, t).norm().item() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("kind", [NormalLatent, UniformLatent])
def test_a_walk_starts_and_ends_where_it_should(kind):
    start, end = kind(16).sample(2, generator=rng())
    torch.testing.assert_close(kind(16).interpolate(start, end, 0.0), start)
    torch.testing.assert_close(kind(16).interpolate(start, end, 1.0), end)


def test_between_points_of_other_norms_the_norm_changes_evenly():
    start = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    end = 1.5 * torch.tensor([[math.cos(2.8), math.sin(2.8)]], dtype=torch.float64)
    for t in (0, 0.25, 0.5, 1):
        z = NormalLatent(2).interpolate(start, end, t)
        norm, angle = 1 + 0.5 * t, 2.8 * t
        expected = norm * torch.tensor([[math.cos(angle), math.sin(angle)]], dtype=torch.float64)
        torch.testing.assert_close(z, expected)
