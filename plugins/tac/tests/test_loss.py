"""Promises of the twin auxiliary classifier loss, against sums in float64."""

from __future__ import annotations

import pytest
import torch
from ganzoo_tac.loss import TwinClassifier
from ganzoo_tac.options import TwinClassifierOptions

import ganzoo
from ganzoo import Batch, Demands, Output

LABELS = torch.tensor([0, 2, 1, 2])


class Critic:
    """Scores are the first pixel, class logits the three after it, the twin's the last three."""

    def __call__(self, batch):
        return self.outputs(batch)["scores"]

    def outputs(self, batch):
        rows = batch.images[:, 0, 0]
        return {
            "scores": rows[:, 0],
            "class_logits": rows[:, 1:4],
            "twin_class_logits": rows[:, 4:],
        }


def batch(seed):
    rng = torch.Generator().manual_seed(seed)
    return Batch(2 * torch.randn(4, 1, 1, 7, generator=rng), LABELS)


def cross_entropy(b, columns):
    logits = b.images[:, 0, 0, columns].double()
    probability = logits.exp() / logits.exp().sum(1, keepdim=True)
    return -probability[range(4), LABELS].log().mean().item()


C, TWIN = slice(1, 4), slice(4, 7)


def test_the_classifier_learns_from_real_images_and_the_twin_from_fakes():
    real, fake = batch(0), batch(1)
    terms = TwinClassifier().discriminator_loss(Critic(), real, fake)
    assert terms["class_real"].item() == pytest.approx(cross_entropy(real, C), rel=1e-5)
    assert terms["twin_fake"].item() == pytest.approx(cross_entropy(fake, TWIN), rel=1e-5)
    s_real, s_fake = (b.images[:, 0, 0, 0].tolist() for b in (real, fake))
    assert terms["real"].item() == pytest.approx(sum(max(0, 1 - s) for s in s_real) / 4, rel=1e-5)
    assert terms["fake"].item() == pytest.approx(sum(max(0, 1 + s) for s in s_fake) / 4, rel=1e-5)


def test_the_generator_agrees_with_the_classifier_and_competes_with_the_twin():
    fake = batch(1)
    terms = TwinClassifier().generator_loss(Critic(), fake, batch(0))
    assert terms["class_fake"].item() == pytest.approx(cross_entropy(fake, C), rel=1e-5)
    assert terms["twin_fake"].item() == pytest.approx(-cross_entropy(fake, TWIN), rel=1e-5)
    assert terms["adversarial"].item() == pytest.approx(-fake.images[:, 0, 0, 0].mean().item())


def test_at_the_generators_optimum_classifier_and_twin_cancel():
    """Where both classifiers are equal, the classes pull at no fake."""
    fake = batch(1)
    images = torch.cat([fake.images[..., :4], fake.images[..., 1:4]], 3).requires_grad_()
    terms = TwinClassifier().generator_loss(Critic(), Batch(images, LABELS), batch(0))
    (gradient,) = torch.autograd.grad(terms["class_fake"] + terms["twin_fake"], images)
    torch.testing.assert_close(gradient[..., C], -gradient[..., TWIN])


def test_weights_scale_their_terms_alone():
    options = TwinClassifierOptions(class_weight=0.5, twin_weight=0.25)
    plain, scaled = (
        TwinClassifier(o).generator_loss(Critic(), batch(1), batch(0)) for o in (None, options)
    )
    for name, factor in (("class_fake", 0.5), ("twin_fake", 0.25), ("adversarial", 1)):
        torch.testing.assert_close(scaled[name], factor * plain[name])
    with pytest.raises(ganzoo.UsageError, match="twin_weight"):
        ganzoo.create("loss", "tac", twin_weight=-1)


def test_it_demands_labels_and_two_classifiers():
    logits = Output("classes")
    outputs = {"class_logits": logits, "twin_class_logits": logits}
    assert TwinClassifier().demands() == Demands(labels=True, outputs=outputs)
