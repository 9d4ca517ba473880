"""Promises of the zero-centered penalties, against closed forms."""

from __future__ import annotations

import pytest
import torch
from ganzoo_r3gan.penalties import R1, R2

from ganzoo import Batch, Demands

SHAPES = [(1, 8, 8), (3, 5, 9)]


def batch(shape, seed):
    rng = torch.Generator().manual_seed(seed)
    return Batch(torch.randn(4, *shape, generator=rng))


def quadratic(b):
    """D(x) = ||x||^2 / 2, whose gradient is x itself."""
    return b.images.square().flatten(1).sum(1) / 2


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("penalty", "of_reals"), [(R1(), True), (R2(), False)])
def test_a_quadratic_critic_costs_half_the_squared_norm_of_the_images(penalty, of_reals, shape):
    real, fake = batch(shape, 0), batch(shape, 1)
    images = (real if of_reals else fake).images
    expected = 0.5 * images.square().sum((1, 2, 3)).mean()
    assert penalty.penalty(quadratic, real, fake).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("penalty", [R1(), R2()])
def test_a_flat_critic_costs_nothing_and_its_gradient_is_finite(penalty):
    w = torch.zeros(1, 8, 8, requires_grad=True)
    flat = lambda b: (b.images * w).flatten(1).sum(1)  # noqa: E731
    value = penalty.penalty(flat, batch((1, 8, 8), 0), batch((1, 8, 8), 1))
    assert value.item() == 0
    value.backward()
    assert w.grad.isfinite().all()


@pytest.mark.parametrize("penalty", [R1(), R2()])
def test_the_parameter_gradient_of_a_linear_critic_is_its_weight(penalty):
    """1/2 ||w||^2 has the gradient w."""
    w = torch.randn(1, 8, 8, requires_grad=True)
    linear = lambda b: (b.images * w).flatten(1).sum(1)  # noqa: E731
    penalty.penalty(linear, batch((1, 8, 8), 0), batch((1, 8, 8), 1)).backward()
    torch.testing.assert_close(w.grad, w.detach())


@pytest.mark.parametrize("penalty", [R1(), R2()])
def test_they_forbid_batch_statistics_and_weigh_ten(penalty):
    assert penalty.demands() == Demands(forbids_batch_statistics=True)
    assert penalty.weight == 10
