"""Promises of the auxiliary discriminative classifier loss, against sums in float64."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_adc.loss import DiscriminativeClassifier
from ganzoo_adc.options import DiscriminativeClassifierOptions

import ganzoo
from ganzoo import Batch, Demands, Output

K = 3
LABELS = torch.tensor([0, 2, 1, 2])


class Critic:
    """Scores are the first pixel, the logits "real y" the three after it, "fake y" the last."""

    def __call__(self, batch):
        return self.outputs(batch)["scores"]

    def outputs(self, batch):
        rows = batch.images[:, 0, 0]
        return {
            "scores": rows[:, 0],
            "class_logits": rows[:, 1:4],
            "fake_class_logits": rows[:, 4:],
        }


def batch(seed):
    rng = torch.Generator().manual_seed(seed)
    return Batch(2 * torch.randn(4, 1, 1, 7, generator=rng), LABELS)


def cross_entropy(b, fake):
    """Of the softmax over all 2K logits, image by image."""
    total = 0.0
    for row, y in zip(b.images[:, 0, 0, 1:].double().tolist(), LABELS.tolist(), strict=True):
        powers = [math.exp(logit) for logit in row]
        total -= math.log(powers[y + K * fake] / sum(powers))
    return total / 4


def test_the_discriminators_classes_are_real_y_and_fake_y():
    real, fake = batch(0), batch(1)
    terms = DiscriminativeClassifier().discriminator_loss(Critic(), real, fake)
    assert terms["class_real"].item() == pytest.approx(cross_entropy(real, False), rel=1e-5)
    assert terms["class_fake"].item() == pytest.approx(cross_entropy(fake, True), rel=1e-5)
    s_real, s_fake = (b.images[:, 0, 0, 0].tolist() for b in (real, fake))
    assert terms["real"].item() == pytest.approx(sum(max(0, 1 - s) for s in s_real) / 4, rel=1e-5)
    assert terms["fake"].item() == pytest.approx(sum(max(0, 1 + s) for s in s_fake) / 4, rel=1e-5)


def test_the_generators_term_is_the_difference_of_two_cross_entropies():
    fake = batch(1)
    terms = DiscriminativeClassifier().generator_loss(Critic(), fake, batch(0))
    expected = cross_entropy(fake, False) - cross_entropy(fake, True)
    assert terms["class_fake"].item() == pytest.approx(expected, rel=1e-4)
    assert terms["adversarial"].item() == pytest.approx(-fake.images[:, 0, 0, 0].mean().item())


def test_the_generators_gradient_is_that_of_the_two_logits_alone():
    """The normalization cancels: each fake wants "real y" above "fake y", by slope 1."""
    images = batch(1).images.requires_grad_()
    terms = DiscriminativeClassifier().generator_loss(Critic(), Batch(images, LABELS), batch(0))
    (gradient,) = torch.autograd.grad(terms["class_fake"], images)
    expected = torch.zeros(4, 7)
    for k, y in enumerate(LABELS.tolist()):
        expected[k, 1 + y], expected[k, 1 + K + y] = -1 / 4, 1 / 4
    torch.testing.assert_close(gradient[:, 0, 0], expected)


def test_the_weight_scales_the_class_terms_alone():
    options = DiscriminativeClassifierOptions(class_weight=0.5)
    plain, scaled = (
        DiscriminativeClassifier(o).generator_loss(Critic(), batch(1), batch(0))
        for o in (None, options)
    )
    torch.testing.assert_close(scaled["class_fake"], plain["class_fake"] / 2)
    torch.testing.assert_close(scaled["adversarial"], plain["adversarial"])
    with pytest.raises(ganzoo.UsageError, match="class_weight"):
        ganzoo.create("loss", "adc", class_weight=-1)


def test_it_demands_labels_and_2k_logits():
    logits = Output("classes")
    outputs = {"class_logits": logits, "fake_class_logits": logits}
    assert DiscriminativeClassifier().demands() == Demands(labels=True, outputs=outputs)
