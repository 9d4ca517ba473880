"""Promises of the DRAGAN penalty, against closed forms."""

from __future__ import annotations

import pytest
import torch
from ganzoo_dragan.options import DraganOptions
from ganzoo_dragan.penalty import Dragan

from ganzoo import Batch, Demands


def batch(shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return Batch(torch.rand(6, *shape, generator=rng) * 2 - 1)


def linear(w):
    return lambda b: (b.images * w).flatten(1).sum(1)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 9)])
@pytest.mark.parametrize("norm", [0.0, 1.0, 3.0])
def test_a_linear_critic_costs_its_closed_form(shape, norm):
    w = torch.ones(shape)
    w = norm * w / w.norm()
    value = Dragan().penalty(linear(w), batch(shape), batch(shape, 1))
    assert value.item() == pytest.approx((norm - 1) ** 2, abs=1e-5)


def test_points_lie_within_half_a_standard_deviation_above_the_reals():
    points = []

    def spy(b):
        points.append(b.images.detach())
        return b.images.flatten(1).sum(1)

    real = batch((1, 8, 8))
    Dragan().penalty(spy, real, batch((1, 8, 8), 1))
    moved = points[0] - real.images
    bound = 0.5 * real.images.std(correction=0)
    assert moved.min() >= 0
    assert moved.max() <= bound + 1e-6
    assert moved.mean().item() == pytest.approx(bound.item() / 2, rel=0.1)


def test_fakes_do_not_count():
    real = batch((1, 8, 8))
    curved = lambda b: b.images.pow(3).flatten(1).sum(1)  # noqa: E731
    values = []
    for seed in (1, 2):
        torch.manual_seed(0)
        values.append(Dragan().penalty(curved, real, batch((1, 8, 8), seed)).item())
    assert values[0] == values[1]


def test_it_is_finite_at_zero_gradient_and_so_is_its_own_gradient():
    w = torch.zeros(1, 8, 8, requires_grad=True)
    value = Dragan().penalty(linear(w), batch((1, 8, 8)), batch((1, 8, 8), 1))
    value.backward()
    assert value.item() == 1
    assert w.grad.isfinite().all()


def test_target_and_weight_are_options_and_batch_statistics_are_forbidden():
    w = torch.full((1, 8, 8), 2 / 8)
    value = Dragan(DraganOptions(target=2.0)).penalty(linear(w), batch((1, 8, 8)), batch((1, 8, 8)))
    assert value.item() == pytest.approx(0, abs=1e-10)
    assert Dragan().weight == 10
    assert Dragan().demands() == Demands(forbids_batch_statistics=True)
