"""Promises of the mode seeking regularizer, against loops in float64 and finite differences."""

from __future__ import annotations

import pytest
import torch
from ganzoo_mode_seeking.penalty import ModeSeeking
from torch import nn

import ganzoo
from ganzoo import Batch, Fakes

N = 4


class Generator(nn.Module):
    """tanh of a linear map of z, shifted by the class."""

    def __init__(self):
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(3, 12, generator=rng, dtype=torch.double))

    def forward(self, z, labels=None):
        images = torch.tanh(z @ self.weight)
        images = images if labels is None else images * (1 + labels[:, None])
        return images.view(-1, 3, 2, 2)


def fakes(generator, labels=None):
    rng = torch.Generator().manual_seed(1)
    z = torch.randn(N, 3, generator=rng, dtype=torch.double)
    return Fakes(generator(z, labels), labels, z=z, generate=generator)


def value_of(generator, labels=None):
    return ModeSeeking().penalty(generator, lambda b: 0, fakes(generator, labels), Batch(None))


def by_loops(generator, labels):
    """1 / (mean distance of images / mean distance of z), of each fake and one of the last's z."""
    z = fakes(generator, labels).z
    images = of_z = 0.0
    for k in range(N):
        pair = z[[k, k - 1]]
        first, second = generator(pair, None if labels is None else labels[[k, k]])
        images += sum(abs(a - b) for a, b in zip(first.flatten(), second.flatten(), strict=True))
        of_z += sum(abs(a - b) for a, b in zip(*pair, strict=True))
    return 1 / ((images / (N * 12)) / (of_z / (N * 3)) + 1e-5)


@pytest.mark.parametrize("labels", [None, torch.tensor([0, 1, 2, 1])])
def test_it_is_the_inverse_of_the_papers_ratio_with_each_fakes_own_label(labels):
    generator = Generator()
    torch.testing.assert_close(value_of(generator, labels), by_loops(generator, labels))


@pytest.mark.parametrize("labels", [None, torch.tensor([0, 1, 2, 1])])
def test_its_gradient_is_that_of_finite_differences(labels):
    generator = Generator()
    value_of(generator, labels).backward()
    direction = torch.randn(3, 12, generator=torch.Generator().manual_seed(2)).double()
    ends = []
    for sign in (1, -1):
        moved = Generator()
        with torch.no_grad():
            moved.weight.add_(direction, alpha=sign * 1e-6)
        ends.append(value_of(moved, labels).item())
    slope = (ends[0] - ends[1]) / 2e-6
    assert (generator.weight.grad * direction).sum().item() == pytest.approx(slope, rel=1e-6)


def test_a_collapsed_generator_costs_the_most_and_its_gradient_is_finite():
    generator = Generator()
    with torch.no_grad():
        generator.weight.zero_()
    value = value_of(generator)
    value.backward()
    assert value.item() == pytest.approx(1e5)
    assert generator.weight.grad.isfinite().all()


def test_an_unconditional_generator_is_not_called_again():
    generator = Generator()
    batch = fakes(generator)
    calls = []
    fake = Fakes(batch.images, None, z=batch.z, generate=lambda *a: calls.append(a))
    ModeSeeking().penalty(generator, lambda b: 0, fake, Batch(None))
    assert not calls


def test_one_image_alone_is_refused():
    fake = fakes(Generator())[:1]
    with pytest.raises(ganzoo.UsageError, match="pairs of fakes.*batch_size"):
        ModeSeeking().penalty(None, lambda b: 0, fake, Batch(None))
