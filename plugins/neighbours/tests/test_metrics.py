"""Promises of the metrics, against the definitions written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ganzoo_neighbours.metrics import Copying, DensityCoverage
from ganzoo_neighbours.options import NeighbourOptions

import ganzoo


def of(features):
    images = torch.zeros(len(features), 1, 1, 1, dtype=torch.uint8)
    return ganzoo.ImageSet(images=images, features=features)


def drawn(seed, count, shift=0.0):
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(seed)) + shift


def test_density_and_coverage_are_those_of_balls_counted_one_by_one():
    real, fake, k = drawn(0, 30), drawn(1, 20, shift=0.5), 4
    within, covered = 0, 0
    for centre in real:
        radius = (real - centre).norm(dim=1).sort().values[k]
        inside = int(((fake - centre).norm(dim=1) <= radius).sum())
        within += inside
        covered += inside > 0
    metric = DensityCoverage(NeighbourOptions(neighbours=k))
    found = metric.measure(of(fake), of(real), seed=0)
    assert found["density"].value == pytest.approx(within / (k * len(fake)))
    assert found["coverage"].value == pytest.approx(covered / len(real))


def test_too_few_images_for_neighbours_are_told_of():
    with pytest.raises(ganzoo.UsageError, match="5 neighbours among 5 images"):
        DensityCoverage().measure(of(drawn(0, 5)), of(drawn(1, 5)), seed=0)


def test_density_and_coverage_do_not_depend_on_the_origin_of_the_features():
    """`torch.cdist` in float32 gave a density of 2.3 instead of 0.7 around 1,000."""
    real, fake = (torch.round(128 * drawn(seed, 300)) / 128 for seed in (0, 1))  # exact at 1,000
    found, shifted = (
        DensityCoverage().measure(of(fake + origin), of(real + origin), seed=0)
        for origin in (0, 1000)
    )
    assert found == shifted


def pictures(seed, count, low=0, high=256):
    rng = torch.Generator().manual_seed(seed)
    pixels = torch.randint(low, high, (count, 1, 4, 4), generator=rng, dtype=torch.uint8)
    return ganzoo.ImageSet(images=pixels)


def share(sample, training, seed=0):
    return Copying().measure(ganzoo.ImageSet(images=sample), training, seed=seed)["copies"].value


def test_copies_are_all_found_and_strangers_are_none():
    training = pictures(0, 50)
    assert share((training.images[:10].int() ^ 1).to(torch.uint8), training) == 1
    assert share(torch.zeros(10, 1, 4, 4, dtype=torch.uint8), training) == 0


def test_grey_images_that_share_one_outlier_as_nearest_image_are_no_copies():
    """The outlier is nearer to them than to any other training image, and far all the same."""
    training = pictures(0, 100, high=60)
    training.images[0] = 130
    grey = torch.full((100, 1, 4, 4), 190, dtype=torch.uint8)
    apart = (training.images[1:].float() - 130).flatten(1).norm(dim=1).min()
    assert apart > (190 - 130) * 4  # the authenticity of Alaa et al. 2022 calls them copies
    assert share(grey, training) == 0


def test_images_that_were_in_the_training_set_twice_are_found_when_they_are_copied():
    once = pictures(0, 50).images
    training = ganzoo.ImageSet(images=torch.cat([once, once[:25]]))
    assert share(once, training) == 1
    assert share(pictures(1, 50).images, training) <= 0.1


def test_the_share_of_copies_is_that_of_the_definition():
    """On a plane, where some real images are near another by chance."""
    training, sample = (pictures(s, c).images[:, :, :1, :2] for s, c in ((0, 60), (1, 500)))
    x, y = (images.flatten(1).double() for images in (sample, training))

    def nearest(image, others):
        distances = (others - image).norm(dim=1).sort().values
        return distances[0].item(), (distances[0] / distances[1:51].mean()).item()

    real = [nearest(y[k], torch.cat([y[:k], y[k + 1 :]])) for k in range(60)]
    usual = sorted(distance for distance, _ in real)[29]
    limit = min(0.5, np.quantile([ratio for _, ratio in real], 0.05))
    copied = [d < usual and ratio <= limit for d, ratio in (nearest(image, y) for image in x)]
    assert 0.02 < np.mean(copied) < 0.2
    found = share(sample, ganzoo.ImageSet(images=training))
    assert found == pytest.approx(np.mean(copied))


def test_copying_does_not_depend_on_the_brightness_that_all_images_share():
    training, sample = pictures(0, 60, high=100), pictures(1, 100, high=100)
    sample.images[:20] = training.images[:20]
    brighter = ganzoo.ImageSet(images=training.images + 150)
    assert share(sample.images, training) == share(sample.images + 150, brighter) >= 0.2


def test_too_few_training_images_are_refused_with_their_number():
    with pytest.raises(ganzoo.UsageError, match="at least three training images, and there are 2"):
        share(pictures(0, 5).images, pictures(1, 2))
