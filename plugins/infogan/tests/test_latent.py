"""Promises of the latent that holds the codes."""

from __future__ import annotations

import pytest
import torch
from ganzoo_infogan.latent import CodedLatent
from torch import nn

import ganzoo

LATENT = CodedLatent(ganzoo.NormalLatent(16), (3, 2), 2)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_categories_are_one_hot_and_each_value_is_equally_frequent():
    z = LATENT.sample(30_000, generator=rng())
    for start, stop in ((0, 3), (3, 5)):
        code = z[:, start:stop]
        assert code.unique().tolist() == [0, 1]
        assert (code.sum(1) == 1).all()
        torch.testing.assert_close(
            code.mean(0), torch.full((stop - start,), 1 / (stop - start)), atol=0.015, rtol=0
        )


def test_codes_are_independent_of_each_other_and_of_the_noise():
    z = LATENT.sample(30_000, generator=rng())
    correlation = torch.corrcoef(z.T)
    correlation[:3, :3] = correlation[3:5, 3:5] = 0  # the values of one category exclude each other
    off_diagonal = correlation - torch.diag(correlation.diagonal())
    assert off_diagonal.abs().max() < 0.03


def test_continuous_codes_are_uniform_on_minus_one_to_one():
    codes = LATENT.sample(30_000, generator=rng())[:, 5:7]
    assert codes.abs().max() <= 1
    deciles = codes.quantile(torch.linspace(0, 1, 11), dim=0)
    torch.testing.assert_close(
        deciles, torch.linspace(-1, 1, 11)[:, None].expand(-1, 2), atol=0.03, rtol=0
    )


def test_the_rest_is_the_architectures_own_latent():
    noise = ganzoo.UniformLatent(16).sample(8, generator=rng())
    z = CodedLatent(ganzoo.UniformLatent(16), (3, 2), 2).sample(8, generator=rng())
    assert z.shape == noise.shape
    assert torch.equal(z[:, 7:], noise[:, 7:])


def test_truncation_bounds_noise_and_continuous_codes_and_leaves_categories_whole():
    z = LATENT.sample(500, generator=rng(), truncation=0.5)
    assert z[:, 5:].abs().max() <= 0.5
    assert z[:, :5].unique().tolist() == [0, 1]


@pytest.mark.parametrize("t", [0.0, 0.2, 0.49, 0.5, 0.8, 1.0])
def test_every_point_of_an_interpolation_has_valid_codes(t):
    start, end = LATENT.sample(64, generator=rng()).chunk(2)
    point = LATENT.interpolate(start, end, t)
    assert torch.equal(point[:, :5], (start if t < 0.5 else end)[:, :5])
    torch.testing.assert_close(point[:, 5:7], (1 - t) * start[:, 5:7] + t * end[:, 5:7])
    noise = ganzoo.NormalLatent(9).interpolate(start[:, 7:], end[:, 7:], t)
    torch.testing.assert_close(point[:, 7:], noise)


def test_interpolation_takes_any_leading_dimensions():
    start, end = LATENT.sample(12, generator=rng()).view(2, 2, 3, 16)
    expected = LATENT.interpolate(start.flatten(0, 1), end.flatten(0, 1), 0.3)
    torch.testing.assert_close(LATENT.interpolate(start, end, 0.3).flatten(0, 1), expected)


def test_its_name_says_all_that_the_draws_depend_on():
    assert repr(LATENT) == "CodedLatent(NormalLatent(16), categories=(3, 2), continuous=2)"


@pytest.mark.parametrize("latent_dim", [4, 7])
def test_a_latent_without_room_for_noise_is_refused(latent_dim):
    with pytest.raises(ganzoo.UsageError, match=rf"take 7 .* latent_dim is {latent_dim}.* 8 or mo"):
        CodedLatent(ganzoo.NormalLatent(latent_dim), (3, 2), 2)


def test_images_are_made_as_the_architectures_latent_makes_them():
    class Truncating(ganzoo.NormalLatent):
        def images(self, generator, z, labels=None, *, truncation=None):
            return generator(z) * truncation

    z = LATENT.sample(2)
    images = CodedLatent(Truncating(16), (3, 2), 2).images(nn.Identity(), z, truncation=0.5)
    assert torch.equal(images, z * 0.5)
