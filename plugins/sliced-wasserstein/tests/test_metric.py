"""Promises of the sliced Wasserstein distance."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import torch

import ganzoo

if find_spec("ot") is None:  # which takes long to import, also where no test here is run
    pytest.skip("ot is not installed", allow_module_level=True)
from ganzoo_sliced_wasserstein.metric import SlicedWasserstein
from ganzoo_sliced_wasserstein.options import SlicedWassersteinOptions


def images(shift=0):
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 100, (200, 1, 3, 3), generator=rng) + shift
    return ganzoo.ImageSet(images=pixels.to(torch.uint8))


def test_a_set_is_at_no_distance_from_itself():
    found = SlicedWasserstein().measure(images(), images(), seed=0)["SWD"].value
    assert found == pytest.approx(0, abs=1e-9)


def test_the_distance_of_a_shift_is_its_length_over_the_root_of_the_dimension():
    """Along a direction u a shift by s is s.u, whose mean square over directions is |s|^2 / d."""
    metric = SlicedWasserstein(SlicedWassersteinOptions(projections=20_000))
    found = metric.measure(images(51), images(), seed=0)["SWD"].value
    assert found == pytest.approx(51 / 127.5, rel=0.03)  # |s| = 3 * 0.4, d = 9


def test_the_distance_does_not_depend_on_the_brightness_that_all_images_share():
    dark, other = images(), ganzoo.ImageSet(images=images().images.flip(2) // 2)
    bright, other_bright = (ganzoo.ImageSet(images=s.images + 150) for s in (dark, other))
    wanted = SlicedWasserstein().measure(other, dark, seed=0)["SWD"].value
    found = SlicedWasserstein().measure(other_bright, bright, seed=0)["SWD"].value
    assert wanted > 0.1
    assert found == pytest.approx(wanted, rel=1e-6)
