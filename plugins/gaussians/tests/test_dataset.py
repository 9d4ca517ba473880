"""Promises of the Gaussian mixtures."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_gaussians.dataset import EXTENT, Gaussians
from ganzoo_gaussians.options import GaussiansOptions
from pydantic import ValidationError

import ganzoo

RING = GaussiansOptions(layout="ring", modes=8, count=4000)
GRID = GaussiansOptions(count=10_000)


def points(options, split="train"):
    source = Gaussians(options).open(split)
    return ganzoo.ImageStore.from_source(source).batch(torch.arange(options.count))


def test_the_modes_of_a_ring_lie_on_a_circle_evenly():
    modes = Gaussians(RING).modes()
    torch.testing.assert_close(modes.norm(dim=1), torch.full((8,), EXTENT))
    neighbours = (modes - modes.roll(1, 0)).norm(dim=1)
    torch.testing.assert_close(neighbours, torch.full((8,), 2 * EXTENT * math.sin(math.pi / 8)))


def test_the_modes_of_a_grid_lie_on_a_square_evenly():
    modes = Gaussians(GRID).modes().view(5, 5, 2)
    torch.testing.assert_close(modes[1:, :, 0] - modes[:-1, :, 0], torch.full((4, 5), EXTENT / 2))
    torch.testing.assert_close(modes[:, 1:, 1] - modes[:, :-1, 1], torch.full((5, 4), EXTENT / 2))


@pytest.mark.parametrize("options", [RING, GRID])
def test_points_scatter_around_their_mode_as_asked(options):
    batch = points(options)
    offsets = batch.images.flatten(1) - Gaussians(options).modes()[batch.labels]
    assert offsets.std().item() == pytest.approx(options.std, rel=0.05)
    assert abs(offsets.mean()) < 0.001
    assert (
        batch.labels.bincount(minlength=options.modes).min() > 0.7 * options.count / options.modes
    )


@pytest.mark.parametrize("options", [RING, GRID])
def test_the_data_itself_covers_every_mode_with_rayleighs_share(options):
    """In the plane, P(distance <= 3 sigma) = 1 - exp(-9 / 2) = 98.9 %."""
    count = Gaussians(options).count_modes(points(options).images)
    assert count.covered == options.modes
    assert count.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.005)


def test_a_collapsed_generator_covers_one_mode():
    count = Gaussians(GRID).count_modes(Gaussians(GRID).modes()[7].expand(50, 2)[:, :, None, None])
    assert count == (1, 1.0)


def test_points_between_the_modes_count_for_nothing():
    between = torch.full((50, 2, 1, 1), EXTENT / 4)
    assert Gaussians(GRID).count_modes(between) == (0, 0.0)


def test_the_test_split_holds_other_points():
    assert not torch.equal(points(GRID).images, points(GRID, "test").images)


def test_a_scatter_plot_shows_points_where_they_are():
    picture = Gaussians(GRID).render(torch.tensor([0.5, 0.5]).view(1, 2, 1, 1))
    assert picture.dtype == torch.uint8
    assert picture.shape[0] == 3
    side = picture.shape[1]
    blue = (picture[2].int() - picture[0].int()) > 100
    rows, columns = blue.nonzero(as_tuple=True)
    assert rows.float().mean().item() == pytest.approx(0.25 * side, abs=2)  # y points upwards
    assert columns.float().mean().item() == pytest.approx(0.75 * side, abs=2)


def test_a_grid_needs_a_square_number_of_modes():
    with pytest.raises(ValidationError, match="square number of modes such as 25 or 36"):
        GaussiansOptions(modes=30)


def test_a_diverged_generator_covers_nothing_and_can_be_drawn():
    lost = torch.full((5, 2, 1, 1), float("nan"))
    assert Gaussians(GRID).count_modes(lost) == (0, 0.0)
    assert Gaussians(GRID).render(lost).shape[0] == 3


def test_points_of_low_precision_are_counted():
    centre = torch.zeros(4, 2, 1, 1, dtype=torch.bfloat16)
    assert Gaussians(GRID).count_modes(centre) == (1, 1.0)


def test_the_largest_seed_can_be_drawn_from():
    seed = 2**62 - 1
    assert len(Gaussians(GaussiansOptions(count=3, seed=seed)).open("test").images) == 3
    with pytest.raises(ValidationError, match="less than"):
        GaussiansOptions(seed=seed + 1)
