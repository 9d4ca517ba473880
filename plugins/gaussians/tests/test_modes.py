"""Promises of counting modes."""

from __future__ import annotations

import functools

import pytest
import torch
from ganzoo_gaussians.metric import Modes

import ganzoo


@functools.cache
def real():
    source = ganzoo.create("dataset", "gaussians").open()
    store = ganzoo.ImageStore.from_source(source)
    images = store.images.permute(0, 3, 1, 2)
    return ganzoo.ImageSet(images=images, labels=store.labels, num_classes=store.spec.num_classes)


def test_real_points_have_every_mode_and_are_nearly_all_near_one():
    found = Modes().measure(real(), real(), seed=0)
    assert found["modes"].value == real().num_classes
    assert found["near-a-mode"].value > 0.97  # three deviations hold 98.9 % of a plane's Gaussian


def test_modes_that_were_left_out_are_not_counted():
    points = real()
    some = points.labels < 5
    few = ganzoo.ImageSet(images=points.images[some])
    assert Modes().measure(few, points, seed=0)["modes"].value == 5


def test_points_between_the_modes_are_near_none():
    rng = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (2000, 2, 1, 1), generator=rng, dtype=torch.uint8)
    found = Modes().measure(ganzoo.ImageSet(images=noise), real(), seed=0)
    assert found["near-a-mode"].value < 0.5


def test_pictures_are_refused():
    with pytest.raises(ganzoo.Unsupported, match="points only, not for images"):
        Modes().check(ganzoo.ImageSpec(1, 8, 8))
