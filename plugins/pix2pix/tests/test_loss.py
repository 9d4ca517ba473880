"""The loss against the paper's formulas, patch by patch."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_pix2pix.loss import Pix2PixLoss
from ganzoo_pix2pix.options import Pix2PixLossOptions

import ganzoo

RNG = torch.Generator().manual_seed(0)
SCORES = {name: torch.randn(3, 5, generator=RNG, dtype=torch.float64) for name in ("real", "fake")}
IMAGES = {name: torch.rand(3, 2, 4, 4, generator=RNG, dtype=torch.float64) for name in SCORES}


class Critic:
    def __call__(self, batch):
        return SCORES[batch.name]


class Named(ganzoo.Batch):
    name = ""


def batch(name) -> ganzoo.Batch:
    made = Named(IMAGES[name])
    object.__setattr__(made, "name", name)
    return made


def sigmoid(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def cross_entropy(score: float, target: int) -> float:
    return -math.log(sigmoid(score) if target else 1 - sigmoid(score))


def square(score: float, target: int) -> float:
    return (score - target) ** 2


def mean(values) -> float:
    values = list(values)
    return sum(values) / len(values)


@pytest.mark.parametrize(
    ("adversarial", "distance"), [("vanilla", cross_entropy), ("least-squares", square)]
)
def test_each_patch_counts_as_the_papers_formula_says(adversarial, distance):
    loss = Pix2PixLoss(Pix2PixLossOptions(adversarial=adversarial, l1_weight=7))
    real, fake = (SCORES[name].flatten().tolist() for name in ("real", "fake"))
    terms = loss.discriminator_loss(Critic(), batch("real"), batch("fake"))
    assert terms["real"].item() == pytest.approx(mean(distance(s, 1) for s in real) / 2)
    assert terms["fake"].item() == pytest.approx(mean(distance(s, 0) for s in fake) / 2)
    assert set(terms) == {"real", "fake"}

    terms = loss.generator_loss(Critic(), batch("fake"), batch("real"))
    pixels = zip(*(IMAGES[name].flatten().tolist() for name in ("real", "fake")), strict=True)
    assert terms["adversarial"].item() == pytest.approx(mean(distance(s, 1) for s in fake))
    assert terms["l1"].item() == pytest.approx(7 * mean(abs(y - g) for y, g in pixels))
    assert set(terms) == {"adversarial", "l1"}


def test_the_papers_weight_is_100():
    assert Pix2PixLossOptions().l1_weight == 100


def test_it_makes_the_training_conditional():
    assert Pix2PixLoss().demands() == ganzoo.Demands(labels=True)
