"""Promises of top-k training, against sorting in plain Python."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_top_k.loss import TopK
from ganzoo_top_k.options import TopKOptions

import ganzoo
from ganzoo import Batch, Progress

REAL = torch.tensor([1.5, -2.0, 0.25, 0.0, 4.0, -0.5])
FAKE = torch.tensor([0.5, 3.0, -4.0, -0.25, 1.0, -1.0])


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(values):
    return Batch(values.view(-1, 1, 1, 1))


@pytest.mark.parametrize("of", ["hinge", "bce"])
@pytest.mark.parametrize(("fraction", "k"), [(1, 6), (0.5, 3), (0.7, 4), (0.01, 1)])
def test_the_generator_learns_from_the_k_best_fakes(of, fraction, k):
    loss = TopK(TopKOptions(of=of, fraction=fraction))
    fake = FAKE.clone().requires_grad_()
    value = loss.generator_loss(scores, batch(fake), batch(REAL))["adversarial"]
    best = sorted(FAKE.tolist(), reverse=True)[:k]
    expected = [-s if of == "hinge" else math.log(1 + math.exp(-s)) for s in best]
    assert value.item() == pytest.approx(sum(expected) / k, rel=1e-5)

    # The others get no gradient.
    (gradient,) = torch.autograd.grad(value, fake)
    assert [s in best for s in FAKE.tolist()] == [g != 0 for g in gradient.tolist()]


@pytest.mark.parametrize("of", ["hinge", "bce"])
def test_the_discriminator_learns_from_all_images(of):
    terms = TopK(TopKOptions(of=of, fraction=0.5)).discriminator_loss(
        scores, batch(REAL), batch(FAKE)
    )
    losses = {
        "hinge": (lambda s: max(0, 1 - s), lambda s: max(0, 1 + s)),
        "bce": (lambda s: math.log(1 + math.exp(-s)), lambda s: math.log(1 + math.exp(s))),
    }[of]
    for name, values, f in (("real", REAL, losses[0]), ("fake", FAKE, losses[1])):
        assert terms[name].item() == pytest.approx(sum(map(f, values.tolist())) / 6, rel=1e-5)


def test_the_default_schedule_is_the_papers_on_cifar10():
    """k is multiplied by 0.99 after each epoch of 50,000 images, until half are left."""
    loss = TopK()
    for epoch in (0, 10, 40, 68, 69, 200):
        loss.at(Progress(0, 50_000 * epoch))
        assert loss.fraction.item() == pytest.approx(max(0.99**epoch, 0.5), rel=2e-3)


def test_a_compiled_or_captured_step_sees_the_share_change():
    """It is a buffer that is changed in place."""
    loss = TopK(TopKOptions(fraction="1 to 0.5 over 10 steps"))
    buffer = loss.fraction
    loss.at(Progress(10, 0))
    assert buffer is loss.fraction
    assert buffer.item() == 0.5


@pytest.mark.parametrize("wrong", [0, 1.5, "1 to 0 over 10 steps"])
def test_a_share_outside_of_0_to_1_is_refused(wrong):
    with pytest.raises(ganzoo.UsageError, match="fraction"):
        ganzoo.create("loss", "top-k", fraction=wrong)


def test_one_fake_alone_is_refused_unless_all_are_to_be_kept():
    one = batch(FAKE[:1])
    with pytest.raises(ganzoo.UsageError, match=r"one alone: give a larger batch_size, or a small"):
        TopK().generator_loss(scores, one, one)
    value = TopK(TopKOptions(fraction=1)).generator_loss(scores, one, one)["adversarial"]
    assert value.item() == -0.5
