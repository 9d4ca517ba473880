"""Promises of a training that diverges."""

from __future__ import annotations

import pytest
import torch
from toys import LogisticLoss

import ganzoo
from ganzoo.monitoring.divergence import EVERY


class Exploding(LogisticLoss):
    """A term of the generator's loss is not finite from a step on."""

    def __init__(self, at: int, value: float = float("nan")) -> None:
        super().__init__()
        self.calls, self.start, self.value = 0, at, value

    def generator_loss(self, critic, fake, real):
        self.calls += 1
        terms = super().generator_loss(critic, fake, real)
        return terms | {
            "extra": terms["adversarial"] * 0 + (self.value if self.calls >= self.start else 0)
        }


class Steps(ganzoo.Observer):
    def __init__(self):
        super().__init__()
        self.seen, self.errors = [], []

    def step(self, trainer, terms):
        self.seen.append(trainer.step)

    def failed(self, trainer, error):
        self.errors.append(error)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_training_ends_at_the_first_term_that_is_not_finite(make_trainer, value):
    trainer, steps = make_trainer(loss=Exploding(7, value)), Steps()
    with pytest.raises(
        ganzoo.Diverged, match=f"generator/extra became {value} at step 7. Try"
    ) as e:
        trainer.fit(100, [steps])
    assert (e.value.what, e.value.step, trainer.step) == ("generator/extra", 7, 7)
    assert steps.seen == [1, 2, 3, 4, 5, 6]
    assert steps.errors == [e.value]


def test_the_message_names_settings_in_python(make_trainer):
    with pytest.raises(ganzoo.Diverged, match=r"max_grad_norm=1\b"):
        make_trainer(loss=Exploding(1)).fit(2)


@pytest.mark.parametrize("steps", [3, EVERY, EVERY + 3])
@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_a_weight_that_is_not_finite_is_found_at_the_end_at_the_latest(
    make_trainer, steps, network
):
    class Breaking(ganzoo.Observer):
        def step(self, trainer, terms):
            if trainer.step == steps - 1:
                getattr(trainer, network).register_buffer("spoiled", torch.tensor(float("nan")))

    with pytest.raises(ganzoo.Diverged, match=f"{network}/spoiled is no longer finite") as caught:
        make_trainer().fit(steps, [Breaking()])
    assert caught.value.step == steps


def test_high_learning_rates_diverge_and_are_named(make_trainer):
    """A real divergence: weights overflow under SGD with a learning rate of 10^30."""
    trainer = make_trainer(
        optimizer="sgd", betas=(0, 0.9), discriminator_lr=1e30, generator_lr=1e30
    )
    with pytest.raises(ganzoo.Diverged) as caught:
        trainer.fit(50)
    assert caught.value.step == trainer.step < 50


def test_terms_that_cannot_be_read_for_free_are_read_at_intervals(make_trainer, monkeypatch):
    """As on a GPU: the first bad step is named, and no step before the interval's end is read."""
    read = []

    def tolist(tensor, whole=torch.Tensor.tolist):
        read.append(trainer.step)
        return whole(tensor)

    trainer = make_trainer(loss=Exploding(7))
    monkeypatch.setattr(torch.Tensor, "is_cpu", property(lambda tensor: False), raising=False)
    monkeypatch.setattr(torch.Tensor, "tolist", tolist)
    with pytest.raises(ganzoo.Diverged, match="at step 7"):
        trainer.fit(1000)
    assert trainer.step == EVERY
    assert min(read) == EVERY
