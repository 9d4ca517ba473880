"""Promises of the Laplace latent."""

from __future__ import annotations

import pytest
import torch
from nocturne_gan.latent import LaplaceLatent, from_normal, to_normal

import ganzoo

LATENT = LaplaceLatent(50)


def draw(n: int, **arguments) -> torch.Tensor:
    return LATENT.sample(n, generator=torch.Generator().manual_seed(0), **arguments)


def test_the_draws_have_laplaces_quantiles():
    z = draw(4000).flatten()
    levels = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95])
    expected = torch.distributions.Laplace(0.0, 1.0).icdf(levels)
    torch.testing.assert_close(torch.quantile(z, levels), expected, atol=0.03, rtol=0.02)


def test_truncation_draws_from_the_distribution_cut_at_it():
    z = draw(4000, truncation=0.5)
    assert z.abs().max() <= 0.5
    laplace = torch.distributions.Laplace(0.0, 1.0)
    low, high = laplace.cdf(torch.tensor([-0.5, 0.5]))
    expected = laplace.icdf(low + 0.9 * (high - low))
    torch.testing.assert_close(torch.quantile(z, 0.9), expected, atol=0.01, rtol=0.0)


def test_a_truncation_that_keeps_nothing_is_refused():
    with pytest.raises(ganzoo.UsageError, match="above 0"):
        draw(1, truncation=0.0)


def test_normal_scores_and_back_is_where_one_was():
    z = torch.linspace(-15, 15, 101)
    torch.testing.assert_close(from_normal(to_normal(z)).float(), z)


def test_a_walk_begins_and_ends_where_it_should():
    start, end = draw(2)
    torch.testing.assert_close(LATENT.interpolate(start, end, 0.0), start, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(LATENT.interpolate(start, end, 1.0), end, atol=1e-5, rtol=1e-4)


def test_the_middle_of_a_walk_is_as_bright_as_any_other_place():
    """E|z| = 1 for a Laplace variable; in the middle of a straight line it is 3 / 4."""
    start, end = draw(4000).chunk(2)
    middle = LATENT.interpolate(start, end, 0.5)
    assert middle.dtype == torch.float32
    assert middle.abs().mean().item() == pytest.approx(1.0, abs=0.02)
    assert ((start + end) / 2).abs().mean().item() == pytest.approx(0.75, abs=0.02)
