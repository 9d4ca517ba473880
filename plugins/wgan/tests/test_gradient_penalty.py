"""Promises of the gradient penalty, against closed forms and finite differences."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from ganzoo_wgan.gradient_penalty import GradientPenalty
from ganzoo_wgan.options import GradientPenaltyOptions
from torch import Tensor, nn

from ganzoo import Batch, Demands

SHAPES = [(1, 8, 8), (3, 8, 8), (1, 5, 9), (3, 12, 4)]


def critic(score):
    """A critic from a function of images; the trainer's own is not needed here."""
    return lambda batch: score(batch.images)


def images(shape=(1, 8, 8), n=6, seed=0, dtype=torch.float32) -> Batch:
    rng = torch.Generator().manual_seed(seed)
    return Batch(torch.rand(n, *shape, generator=rng, dtype=dtype) * 2 - 1)


def linear(w: Tensor):
    return critic(lambda x: (x * w).flatten(1).sum(1))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("norm", [0.0, 0.5, 1.0, 3.0])
def test_penalty_of_a_linear_critic_is_its_closed_form(shape, norm):
    """grad D = w everywhere, so the penalty is (||w|| - 1)^2: the norm is over C, H and W."""
    w = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    w = norm * w / w.norm()
    value = GradientPenalty().penalty(linear(w), images(shape), images(shape, seed=2))
    assert value.item() == pytest.approx((norm - 1) ** 2, abs=1e-5)


def test_penalty_is_zero_for_a_unit_norm_linear_critic():
    w = torch.full((1, 8, 8), 1 / 8)
    value = GradientPenalty().penalty(linear(w), images(), images(seed=2))
    assert value.item() == pytest.approx(0, abs=1e-12)


def test_the_norm_is_each_images_own_not_the_batchs():
    """D(x) = (x_0)^2 / 2 has gradient norm |x_0|: with real = fake the points are known."""
    x = torch.tensor([0.0, 0.5, 1.0, 2.0]).view(4, 1, 1, 1)
    square = critic(lambda x: x.flatten(1).square().sum(1) / 2)
    value = GradientPenalty().penalty(square, Batch(x), Batch(x))
    assert value.item() == pytest.approx(((x.flatten() - 1) ** 2).mean().item())


def test_epsilon_is_drawn_for_each_image():
    """torchgan draws one for the whole batch."""
    points = []
    spy = critic(lambda x: (points.append(x.detach().clone()), x.flatten(1).sum(1))[1])
    GradientPenalty().penalty(spy, Batch(torch.ones(8, 3, 4, 4)), Batch(torch.zeros(8, 3, 4, 4)))
    (between,) = points
    epsilon = between[:, 0, 0, 0]
    assert len(epsilon.unique()) == 8
    assert torch.equal(between, epsilon.view(8, 1, 1, 1).expand_as(between))
    assert epsilon.min() >= 0
    assert epsilon.max() <= 1


def test_parameter_gradient_equals_finite_differences_in_float64():
    """The second derivative through `autograd.grad`, checked where it is hardest to see."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3, 2, 1),
        nn.Tanh(),
        nn.Conv2d(3, 4, 3, 2, 1),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(16, 1),
    ).double()
    real, fake = images(n=3, dtype=torch.float64), images(n=3, seed=2, dtype=torch.float64)
    epsilon = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64).view(3, 1, 1, 1)
    between = epsilon * real.images + (1 - epsilon) * fake.images

    def penalty() -> Tensor:
        # both ends at the same points, so that epsilon does not matter
        x = Batch(between)
        return GradientPenalty().penalty(double_critic(network), x, x)

    gradients = torch.autograd.grad(penalty(), list(network.parameters()), allow_unused=True)
    step = 1e-6
    for parameter, gradient in zip(network.parameters(), gradients, strict=True):
        flat = parameter.data.view(-1)
        for k in range(len(flat)):
            at = flat[k].item()
            flat[k] = at + step
            above = penalty().item()
            flat[k] = at - step
            below = penalty().item()
            flat[k] = at
            numeric = (above - below) / (2 * step)
            exact = 0.0 if gradient is None else gradient.reshape(-1)[k].item()
            assert exact == pytest.approx(numeric, rel=1e-6, abs=1e-8)


def double_critic(network):
    return critic(lambda x: network(x).squeeze(1))


def test_it_is_finite_at_zero_gradient_and_so_is_its_own_gradient():
    """A square root without guard gives NaN in pytorch_GAN_zoo and GAN_stability."""
    w = torch.zeros(1, 8, 8, requires_grad=True)
    value = GradientPenalty().penalty(linear(w), images(), images(seed=2))
    assert value.item() == 1.0
    value.backward()
    assert w.grad.isfinite().all()


def test_it_reaches_the_critics_parameters():
    """torchgan's penalty on mutual information silently detaches."""
    w = torch.full((1, 8, 8), 0.5, requires_grad=True)
    GradientPenalty().penalty(linear(w), images(), images(seed=2)).backward()
    # d/dw (||w|| - 1)^2 = 2 (||w|| - 1) w / ||w||
    expected = 2 * (w.norm() - 1) * w / w.norm()
    torch.testing.assert_close(w.grad, expected.detach())


def test_nothing_flows_back_into_the_images():
    real, fake = images(), images(seed=2)
    fake.images.requires_grad_()
    w = torch.ones(1, 8, 8, requires_grad=True)
    GradientPenalty().penalty(linear(w), real, fake).backward()
    assert fake.images.grad is None


def test_labels_reach_the_critic():
    seen = []

    def call(batch):
        seen.append(batch.labels)
        return batch.images.flatten(1).sum(1)

    real = Batch(torch.zeros(3, 1, 2, 2), torch.tensor([2, 0, 1]))
    GradientPenalty().penalty(call, real, Batch(torch.ones(3, 1, 2, 2), real.labels))
    assert torch.equal(seen[0], real.labels)


def test_one_sided_costs_nothing_below_the_target():
    options = GradientPenaltyOptions(one_sided=True)
    for norm, expected in ((0.5, 0.0), (3.0, 4.0)):
        w = torch.full((1, 8, 8), norm / 8)
        value = GradientPenalty(options).penalty(linear(w), images(), images(seed=2))
        assert value.item() == pytest.approx(expected, abs=1e-6)


def test_the_target_can_be_moved():
    options = GradientPenaltyOptions(target=2.0)
    w = torch.full((1, 8, 8), 2 / 8)
    value = GradientPenalty(options).penalty(linear(w), images(), images(seed=2))
    assert value.item() == pytest.approx(0, abs=1e-10)


def test_it_forbids_batch_statistics():
    assert GradientPenalty().demands() == Demands(forbids_batch_statistics=True)


def test_norm_and_mean_are_float32_for_a_bfloat16_critic():
    def low(batch):
        w = torch.full((64, 1), 0.125, dtype=torch.bfloat16)
        return (batch.images.flatten(1).bfloat16() @ w).squeeze(1)

    value = GradientPenalty().penalty(low, images(), images(seed=2))
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(0, abs=1e-4)


def test_the_default_weight_is_the_papers():
    assert GradientPenalty().weight == 10
    assert GradientPenalty(SimpleNamespace(weight=3.0)).weight == 3
