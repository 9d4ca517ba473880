"""Promises of the LeCam regularizer, against a loop in plain Python and closed forms."""

from __future__ import annotations

import pytest
import torch
from ganzoo_lecam.options import LeCamOptions
from ganzoo_lecam.penalty import LeCam
from torch import nn

import ganzoo
from ganzoo import Batch, Progress


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(*values):
    return Batch(torch.tensor(values).view(-1, 1, 1, 1))


def updates(n):
    """Scores of reals and fakes, drifting apart and crossing."""
    rng = torch.Generator().manual_seed(0)
    noise = torch.randn(n, 2, 5, generator=rng)
    drift = torch.linspace(-1, 1, n)[:, None]
    return [(row[0] + d, row[1] - d) for row, d in zip(noise, drift, strict=True)]


def by_loop(rounds, decay, follow):
    """Values and averages by the rule, number by number; without smoothing in the first updates."""
    real_average = fake_average = 0.0
    values = []
    for k, (real, fake) in enumerate(rounds):
        real, fake = real.double().tolist(), fake.double().tolist()
        above = [max(0, s - fake_average) ** 2 for s in real]
        below = [max(0, real_average - s) ** 2 for s in fake]
        values.append(sum(above) / len(above) + sum(below) / len(below))
        kept = 0.0 if k < follow else decay
        real_average = kept * real_average + (1 - kept) * sum(real) / len(real)
        fake_average = kept * fake_average + (1 - kept) * sum(fake) / len(fake)
    return values, (real_average, fake_average)


@pytest.mark.parametrize("decay", [0.0, 0.9, 0.99])
def test_values_and_averages_are_those_of_the_formula(decay):
    rounds = updates(12)
    penalty = LeCam(LeCamOptions(decay=decay, weight="0 to 0.3 from 4 steps"))
    values = []
    for k, (real, fake) in enumerate(rounds):
        penalty.at(Progress(k, 5 * k))
        values.append(penalty.penalty(scores, batch(*real), batch(*fake)).item())
    expected, averages = by_loop(rounds, decay, follow=4)
    assert values == pytest.approx(expected, rel=1e-4)
    assert penalty.average_real.item() == pytest.approx(averages[0], rel=1e-4)
    assert penalty.average_fake.item() == pytest.approx(averages[1], rel=1e-4)


def test_scores_within_the_other_sides_average_cost_nothing():
    penalty = LeCam()
    penalty.average_real.fill_(1.0)
    penalty.average_fake.fill_(2.0)
    value = penalty.penalty(scores, batch(2.0, -5.0), batch(1.0, 7.0))
    assert value.item() == 0


def test_the_gradient_goes_through_the_scores_and_not_through_the_averages():
    penalty = LeCam(LeCamOptions(decay=0.5))
    penalty.average_real.fill_(1.0)
    penalty.average_fake.fill_(-1.0)
    real, fake = (torch.tensor(v, requires_grad=True) for v in ([0.5, -2.0], [0.0, 3.0]))
    for _ in range(2):  # after an update too, when the averages were computed from scores
        expected = [
            2 * (real.detach() - penalty.average_fake).relu() / 2,
            -2 * (penalty.average_real - fake.detach()).relu() / 2,
        ]
        batches = (Batch(x.view(-1, 1, 1, 1)) for x in (real, fake))
        gradients = torch.autograd.grad(penalty.penalty(scores, *batches), (real, fake))
        torch.testing.assert_close(list(gradients), expected)
        assert not penalty.average_real.requires_grad


def test_with_a_constant_weight_the_averages_start_with_the_scores_of_the_first_step():
    penalty = LeCam(LeCamOptions(weight=0.3))
    penalty.at(Progress(0, 0))
    penalty.penalty(scores, batch(4.0), batch(-2.0))
    assert (penalty.average_real, penalty.average_fake) == (4.0, -2.0)
    penalty.at(Progress(1, 1))
    penalty.penalty(scores, batch(5.0), batch(-2.0))
    assert penalty.average_real.item() == pytest.approx(4.01)


def test_its_defaults_are_the_papers():
    options = LeCam().options
    assert options.weight == ganzoo.Schedule(0, 0.3, begin=1000)
    assert options.decay == 0.99
    for wrong in ({"decay": 1.0}, {"decay": -0.1}, {"weight": -1}):
        with pytest.raises(ganzoo.UsageError, match=next(iter(wrong))):
            ganzoo.create("penalty", "lecam", **wrong)


# --- In training


class Hinge(ganzoo.Loss):
    def discriminator_loss(self, critic, real, fake):
        return {"real": (1 - critic(real)).relu().mean(), "fake": (1 + critic(fake)).relu().mean()}

    def generator_loss(self, critic, fake, real):
        return {"adversarial": -critic(fake).mean()}


class Counting(nn.Sequential):
    """A discriminator that counts the images it has scored."""

    seen = 0

    def forward(self, images):
        self.seen += len(images)
        return super().forward(images)


def trainer(penalties, **settings):
    torch.manual_seed(0)
    pictures = list(torch.randint(0, 256, (16, 1, 8, 8)).to(torch.uint8))
    layers = [nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0)]
    return ganzoo.Trainer(
        generator=nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))),
        discriminator=Counting(*layers),
        loss=Hinge(),
        data=ganzoo.ImageStore.from_dataset(pictures),
        latent=4,
        penalties=penalties,
        batch_size=8,
        optimizer="sgd",
        generator_lr=0.05,
        discriminator_lr=0.1,
        device="cpu",
        precision="fp32",
        **settings,
    )


def test_it_starts_when_its_weight_does_and_follows_the_scores_until_then():
    penalty = LeCam(LeCamOptions(weight="0 to 0.3 from 2 steps"))
    trained = trainer({"lecam": penalty})
    for step in range(4):
        before = penalty.average_real.clone()
        terms = trained.train_step()
        value, mean = terms["discriminator/lecam"].item(), trained.record.real_scores.mean()
        assert (value > 0) == (step >= 2)
        expected = mean if step < 2 else 0.99 * before + 0.01 * mean
        torch.testing.assert_close(penalty.average_real, expected)


def test_it_costs_no_forward_pass():
    counts = []
    for penalties in ({}, {"lecam": {"weight": 0.3}}):
        trained = trainer(penalties)
        trained.train_step()
        counts.append(trained.discriminator.seen)
    assert counts == [24, 24]


@pytest.mark.parametrize("parts", [2, 8])
def test_training_in_micro_batches_is_training_on_the_whole_batch(parts):
    """Its averages move once an update, by the mean scores of the whole batch."""
    results = []
    for n in (1, parts):
        penalty = LeCam(LeCamOptions(weight=0.3, decay=0.5))
        trained = trainer({"lecam": penalty}, grad_accum_steps=n, n_critic=2)
        trained.fit(4)
        results.append([*trained.discriminator.parameters(), *penalty.buffers()])
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-6)


def test_a_resumed_run_continues_with_its_averages(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    chosen = {
        "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
        "loss": "lsgan",
        "penalty": {"lecam": {"weight": 0.3}},
        "data": "emoji",
        "size": 8,
        "batch_size": 4,
        "sample_count": 4,
        "device": "cpu",
    }
    whole = ganzoo.train(**chosen, steps=4, run_dir=tmp_path / "whole")
    ganzoo.train(**chosen, steps=2, run_dir=tmp_path / "halves")
    resumed = ganzoo.resume(tmp_path / "halves", steps=4)
    for name in ("generator", "discriminator"):
        pairs = zip(
            getattr(resumed, name).parameters(), getattr(whole, name).parameters(), strict=True
        )
        assert all(torch.equal(a, b) for a, b in pairs)
