"""What every installed loss keeps to, whoever wrote it: signs, extremes, scalars, frozen sides."""

from __future__ import annotations

import pytest
import torch

import ganzoo
from ganzoo import Fakes
from ganzoo.config import TrainingConfig

LABELS = torch.tensor([0, 1, 2])


class Critic:
    """Scores and every other output are what the images hold: pixel 0, and the three after it."""

    def __call__(self, batch):
        return self.outputs(batch)["scores"]

    def outputs(self, batch):
        rows = batch.images[:, 0, 0]
        logits = ("class_logits", "twin_class_logits", "fake_class_logits")
        others = dict.fromkeys((*logits, "embedding", "proxy", "features"), rows[:, 1:])
        return {"scores": rows[:, 0], **others, "code": rows.new_zeros(len(rows), 12)}


def batch(scores: torch.Tensor) -> Fakes:
    """Images that hold these scores, with z of one code in twelve."""
    rest = torch.zeros(3, 3, dtype=scores.dtype)
    images = torch.cat([scores[:, None], rest], 1)[:, None, None, :]
    same = lambda z, labels: images + 0 * z.sum()  # noqa: E731
    return Fakes(images, LABELS, z=torch.eye(3, 12), generate=same)


def total(terms):
    assert terms
    assert all(term.ndim == 0 for term in terms.values())
    return sum(terms.values())


@pytest.fixture(params=ganzoo.names("loss"))
def loss(request):
    return ganzoo.create("loss", request.param)


def test_the_critic_is_driven_to_score_reals_higher_and_fakes_lower(loss):
    if hasattr(loss, "k"):
        loss.k.fill_(0.5)  # the equilibrium of BEGAN starts at 0, where fakes do not count
    real, fake = (torch.full((3,), s, requires_grad=True) for s in (-0.1, 0.1))
    total(loss.discriminator_loss(Critic(), batch(real), batch(fake))).backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


def test_the_generator_is_driven_to_have_its_fakes_scored_higher(loss):
    real, fake = torch.full((3,), 0.1), torch.full((3,), -0.1, requires_grad=True)
    total(loss.generator_loss(Critic(), batch(fake), batch(real))).backward()
    assert (fake.grad < 0).all()


@pytest.mark.parametrize("size", [1e2, 1e4, 1e6])
def test_large_scores_stay_finite_on_both_sides(loss, size):
    scores = torch.tensor([size, -size, 0.0])
    real, fake = (s.clone().requires_grad_() for s in (scores, -scores))
    value = total(loss.discriminator_loss(Critic(), batch(real), batch(fake)))
    value = value + total(loss.generator_loss(Critic(), batch(fake), batch(real)))
    value.backward()
    assert value.isfinite()
    assert real.grad.isfinite().all()
    assert fake.grad.isfinite().all()


class Patches(Critic):
    """Scores of patches, `(N, P)`, for real and for fake images; other outputs as above."""

    def __init__(self, real, fake):
        self.scores = {id(batch): scores for batch, scores in (real, fake)}

    def outputs(self, batch):
        return super().outputs(batch) | {"scores": self.scores[id(batch)]}


def test_a_loss_that_takes_patches_is_the_mean_of_the_losses_of_each(loss):
    """The k-th patch of every image by itself, for each k."""
    if not loss.takes_patches:
        pytest.skip("it takes one score an image")
    if type(loss).__name__ == "FastGANLoss":
        pytest.skip("it draws a margin for each score")
    rng = torch.Generator().manual_seed(0)
    real, fake = (batch(torch.rand(3, generator=rng)) for _ in range(2))
    scores = [torch.randn(3, 5, generator=rng) for _ in range(2)]

    def terms(of_real, of_fake):
        critic = Patches((real, of_real), (fake, of_fake))
        on_both = (loss.discriminator_loss(critic, real, fake), "discriminator")
        on_generator = (loss.generator_loss(critic, fake, real), "generator")
        return {(side, k): v for found, side in (on_both, on_generator) for k, v in found.items()}

    whole = terms(*scores)
    each = [terms(*(some[:, k] for some in scores)) for k in range(5)]
    for name, value in whole.items():
        torch.testing.assert_close(value, torch.stack([one[name] for one in each]).mean())


@pytest.mark.parametrize("name", ganzoo.names("loss"))
def test_every_loss_names_its_paper(name):
    (component,) = [c for c in ganzoo.default_host().components("loss") if c.spec.name == name]
    assert "arXiv:" in component.spec.reference


def test_settings_are_ones_the_engine_knows(loss):
    TrainingConfig(**loss.settings())
