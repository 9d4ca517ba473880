"""Promises of the metrics, against the definitions written out."""

from __future__ import annotations

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


def pictures(seed, count):
    rng = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (count, 1, 4, 4), generator=rng, dtype=torch.uint8)
    return ganzoo.ImageSet(images=pixels)


def test_copies_are_all_found_and_strangers_are_none():
    training = pictures(0, 50)
    near = (training.images[:10].int() ^ 1).to(torch.uint8)
    assert Copying().measure(ganzoo.ImageSet(images=near), training, seed=0)["copies"].value == 1
    far = ganzoo.ImageSet(images=torch.zeros(10, 1, 4, 4, dtype=torch.uint8))
    assert Copying().measure(far, training, seed=0)["copies"].value == 0


def test_the_share_of_copies_is_that_of_the_definition():
    training, sample = pictures(0, 60), pictures(1, 25)
    x, y = (s.images.flatten(1).double() for s in (sample, training))
    count = 0
    for image in x:
        distances = (y - image).norm(dim=1)
        nearest = int(distances.argmin())
        apart = (y - y[nearest]).norm(dim=1)
        apart[nearest] = float("inf")
        count += bool(distances[nearest] < apart.min())
    found = Copying().measure(sample, training, seed=0)["copies"].value
    assert found == pytest.approx(count / len(x))
