"""Promises of the loss of Softmax GAN, against cross entropies in plain Python."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_softmax.loss import Softmax

from ganzoo import Batch

REAL, FAKE = torch.tensor([1.5, -2.0, 0.25]), torch.tensor([0.5, 3.0, -4.0])


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(values):
    return Batch(values.view(-1, 1, 1, 1))


def cross_entropy(real, fake, target_real, target_fake):
    """-sum target log softmax over the scores of all images."""
    everything = [(s, target_real) for s in real.tolist()] + [
        (s, target_fake) for s in fake.tolist()
    ]
    total = sum(math.exp(s) for s, _ in everything)
    return -sum(target * math.log(math.exp(s) / total) for s, target in everything)


def test_the_discriminators_target_is_one_nth_for_each_real_image():
    terms = Softmax().discriminator_loss(scores, batch(REAL), batch(FAKE))
    assert terms["softmax"].item() == pytest.approx(cross_entropy(REAL, FAKE, 1 / 3, 0), rel=1e-5)


def test_the_generators_target_is_the_same_for_every_image():
    terms = Softmax().generator_loss(scores, batch(FAKE), batch(REAL))
    assert terms["softmax"].item() == pytest.approx(
        cross_entropy(REAL, FAKE, 1 / 6, 1 / 6), rel=1e-5
    )


def test_gradients_are_softmax_less_target():
    real, fake = (t.clone().requires_grad_() for t in (REAL, FAKE))
    for side, target in (("d", (1 / 3, 0)), ("g", (1 / 6, 1 / 6))):
        loss = Softmax()
        terms = (
            loss.discriminator_loss(scores, batch(real), batch(fake))
            if side == "d"
            else loss.generator_loss(scores, batch(fake), batch(real))
        )
        gradients = torch.autograd.grad(terms["softmax"], (real, fake))
        probability = torch.cat([REAL, FAKE]).softmax(0)
        expected = probability - torch.tensor([target[0]] * 3 + [target[1]] * 3)
        torch.testing.assert_close(torch.cat(gradients), expected)


def test_its_minima_are_log_n_and_log_2n():
    apart = Softmax().discriminator_loss(scores, batch(REAL * 0 + 50), batch(FAKE * 0 - 50))
    equal = Softmax().generator_loss(scores, batch(FAKE * 0 + 7), batch(REAL * 0 + 7))
    assert apart["softmax"].item() == pytest.approx(math.log(3), rel=1e-5)
    assert equal["softmax"].item() == pytest.approx(math.log(6), rel=1e-5)
