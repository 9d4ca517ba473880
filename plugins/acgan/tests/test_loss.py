"""Promises of the auxiliary classifier loss."""

from __future__ import annotations

import pytest
import torch
from ganzoo_acgan.loss import AuxiliaryClassifier
from ganzoo_acgan.options import AuxiliaryClassifierOptions

from ganzoo import Batch, Demands, Output

LABELS = torch.tensor([0, 2, 1])


class Critic:
    """Scores are the first pixel, class logits the three after it."""

    def __call__(self, batch):
        return self.outputs(batch)["scores"]

    def outputs(self, batch):
        rows = batch.images[:, 0, 0]
        return {"scores": rows[:, 0], "class_logits": rows[:, 1:]}


def batch(seed):
    rng = torch.Generator().manual_seed(seed)
    return Batch(torch.randn(3, 1, 1, 4, generator=rng), LABELS)


def cross_entropy(b):
    logits = b.images[:, 0, 0, 1:].double()
    probability = logits.exp() / logits.exp().sum(1, keepdim=True)
    return -probability[range(3), LABELS].log().mean().item()


def test_the_class_terms_are_the_cross_entropy_of_reals_and_fakes():
    real, fake = batch(0), batch(1)
    terms = AuxiliaryClassifier().discriminator_loss(Critic(), real, fake)
    assert terms["class_real"].item() == pytest.approx(cross_entropy(real), rel=1e-5)
    assert terms["class_fake"].item() == pytest.approx(cross_entropy(fake), rel=1e-5)


def test_the_adversarial_terms_are_binary_cross_entropy_on_logits():
    real, fake = batch(0), batch(1)
    terms = AuxiliaryClassifier().discriminator_loss(Critic(), real, fake)
    d_real, d_fake = (b.images[:, 0, 0, 0].double().sigmoid() for b in (real, fake))
    assert terms["real"].item() == pytest.approx(-d_real.log().mean().item(), rel=1e-5)
    assert terms["fake"].item() == pytest.approx(-(1 - d_fake).log().mean().item(), rel=1e-5)


def test_the_generator_wants_its_class_told():
    fake = batch(1)
    terms = AuxiliaryClassifier().generator_loss(Critic(), fake, batch(0))
    assert terms["class_fake"].item() == pytest.approx(cross_entropy(fake), rel=1e-5)


def test_the_class_weight_scales_the_class_terms_alone():
    plain = AuxiliaryClassifier().generator_loss(Critic(), batch(1), batch(0))
    options = AuxiliaryClassifierOptions(class_weight=0.5)
    half = AuxiliaryClassifier(options).generator_loss(Critic(), batch(1), batch(0))
    assert half["class_fake"].item() == pytest.approx(plain["class_fake"].item() / 2)
    assert half["adversarial"] == plain["adversarial"]


def test_modified_it_is_the_hinge_loss_and_the_classes_of_reals_for_the_discriminator():
    real, fake = batch(0), batch(1)
    loss = AuxiliaryClassifier(
        AuxiliaryClassifierOptions(of="hinge", classify_fakes=False, class_weight=0.5)
    )
    scores = [b.images[:, 0, 0, 0].tolist() for b in (real, fake)]
    terms = loss.discriminator_loss(Critic(), real, fake)
    expected = {
        "real": sum(max(0, 1 - s) for s in scores[0]) / 3,
        "fake": sum(max(0, 1 + s) for s in scores[1]) / 3,
        "class_real": cross_entropy(real) / 2,
    }
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected, rel=1e-5)
    terms = loss.generator_loss(Critic(), fake, real)
    expected = {"adversarial": -sum(scores[1]) / 3, "class_fake": cross_entropy(fake) / 2}
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected, rel=1e-5)


def test_it_asks_for_labels_and_class_logits():
    assert AuxiliaryClassifier().demands() == Demands(
        labels=True, outputs={"class_logits": Output("classes")}
    )
