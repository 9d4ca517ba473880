"""Promises of the multi-hinge loss, against loops in float64."""

from __future__ import annotations

import pytest
import torch
from ganzoo_multi_hinge.loss import MultiHinge, margin_violation
from ganzoo_multi_hinge.options import MultiHingeOptions

import ganzoo
from ganzoo import Batch, Demands, Output

K = 3
LABELS = torch.arange(12) % K
N = len(LABELS)


class Critic:
    """Scores are the first pixel, class logits the three after it, features the last five."""

    def __call__(self, batch):
        return self.outputs(batch)["scores"]

    def outputs(self, batch):
        rows = batch.images[:, 0, 0]
        return {"scores": rows[:, 0], "class_logits": rows[:, 1:4], "features": rows[:, 4:]}


def batch(seed):
    rng = torch.Generator().manual_seed(seed)
    return Batch(2 * torch.randn(N, 1, 1, 9, generator=rng), LABELS)


def violations(b, fake):
    """1 + max_{j != y} f_j - f_y, image by image."""
    values = []
    for row, label in zip(b.images[:, 0, 0].double().tolist(), b.labels.tolist(), strict=True):
        logits, y = [*row[1:4], -row[0]], K if fake else label
        values.append(1 + max(f for j, f in enumerate(logits) if j != y) - logits[y])
    return values


def test_the_discriminators_terms_are_the_hinge_loss_over_all_classes():
    real, fake = batch(0), batch(1)
    terms = MultiHinge().discriminator_loss(Critic(), real, fake)
    for name, values in (("real", violations(real, False)), ("fake", violations(fake, True))):
        assert min(values) < 0 < max(values)  # both sides of the hinge occur
        expected = sum(max(0, v) for v in values) / N
        assert terms[name].item() == pytest.approx(expected, rel=1e-5)


def test_the_generators_terms_are_violation_and_feature_matching():
    real, fake = batch(0), batch(1)
    terms = MultiHinge().generator_loss(Critic(), fake, real)
    expected = 0.05 * sum(violations(fake, False)) / N
    assert terms["adversarial"].item() == pytest.approx(expected, rel=1e-5)
    means = [
        [sum(column) / N for column in zip(*b.images[:, 0, 0, 4:].tolist(), strict=True)]
        for b in (fake, real)
    ]
    matching = sum(abs(a - b) for a, b in zip(*means, strict=True)) / 5
    assert terms["features"].item() == pytest.approx(matching, rel=1e-5)


def test_a_fakes_logit_is_its_negated_score():
    """With class logits of 0 and one class it is the binary hinge loss of the score."""
    s = torch.tensor([-2.0, 0.5, 3.0], dtype=torch.double)
    logits = torch.stack([torch.zeros_like(s), -s], 1)
    labels = torch.zeros(3, dtype=torch.long)
    torch.testing.assert_close(margin_violation(logits, labels), 1 - s)
    torch.testing.assert_close(margin_violation(logits, labels + 1), 1 + s)


def test_the_violation_has_the_gradient_of_finite_differences():
    rng = torch.Generator().manual_seed(2)
    logits = torch.randn(5, K + 1, generator=rng, dtype=torch.double, requires_grad=True)
    labels = torch.tensor([3, 0, 1, 2, 1])
    assert torch.autograd.gradcheck(lambda x: margin_violation(x, labels), logits)


def test_without_feature_matching_it_demands_no_features():
    loss = MultiHinge(MultiHingeOptions(feature_weight=0))
    logits = {"class_logits": Output("classes")}
    assert loss.demands() == Demands(labels=True, outputs=logits)
    assert set(loss.generator_loss(Critic(), batch(0), batch(1))) == {"adversarial"}
    assert "features" in MultiHinge().demands().outputs


def test_negative_weights_are_refused():
    with pytest.raises(ganzoo.UsageError, match="feature_weight"):
        ganzoo.create("loss", "multi-hinge", feature_weight=-1)
