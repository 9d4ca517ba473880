"""Promises of the clouds."""

from __future__ import annotations

import pytest
import torch
from nocturne_gan.clouds import CLOUD, Clouds
from nocturne_gan.options import CloudsOptions

import ganzoo


def test_a_cloud_moves_all_pixels_of_an_image_towards_its_own_brightness():
    torch.manual_seed(0)
    images = torch.rand(200, 3, 4, 4) * 2 - 1
    veiled = Clouds(CloudsOptions(cover=0.8))(images)
    thickness = (veiled - images) / (CLOUD - images)
    first = thickness[:, :1, :1, :1]
    torch.testing.assert_close(thickness, first.expand_as(thickness), atol=1e-3, rtol=1e-3)
    assert 0 <= first.min() < 0.05
    assert 0.75 < first.max() <= 0.8


@pytest.mark.parametrize(("step", "cover"), [(0, 0.0), (50, 0.2), (100, 0.4), (900, 0.4)])
def test_the_sky_follows_the_forecast(step, cover):
    clouds = Clouds(CloudsOptions(cover="0 to 0.4 over 100 steps"))
    clouds.at(ganzoo.Progress(step=step, images=0))
    assert clouds.cover.item() == pytest.approx(cover)


def test_a_cover_beyond_the_sky_is_refused_at_every_step():
    with pytest.raises(ganzoo.UsageError, match="clouds.cover' is .* less than or equal to 1"):
        ganzoo.create("augmentation", "clouds", cover="0 to 2 over 9 steps")
