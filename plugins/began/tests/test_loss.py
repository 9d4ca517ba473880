"""Promises of the boundary equilibrium loss, against the paper's update in plain Python."""

from __future__ import annotations

import warnings

import pytest
import torch
from ganzoo_began.loss import Equilibrium
from ganzoo_began.options import EquilibriumOptions
from torch import nn

import ganzoo
from ganzoo import Batch


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(values):
    return Batch(values.view(-1, 1, 1, 1))


def updates(n, fake_scale):
    """Minus the errors of real images and fakes."""
    rng = torch.Generator().manual_seed(0)
    return [
        (-torch.rand(4, generator=rng), -fake_scale * torch.rand(4, generator=rng))
        for _ in range(n)
    ]


@pytest.mark.parametrize("fake_scale", [0.1, 0.5, 4.0])
def test_terms_and_k_are_those_of_the_paper(fake_scale):
    """k rises while fakes are easy (0.1) to its bound 1, falls to 0 where they are hard (4)."""
    gamma, rate, k = 0.5, 0.8, 0.0
    loss = Equilibrium(EquilibriumOptions(gamma=gamma, rate=rate))
    seen = set()
    for real, fake in updates(12, fake_scale):
        terms = loss.discriminator_loss(scores, batch(real), batch(fake))
        of_real, of_fake = (-sum(s.tolist()) / 4 for s in (real, fake))
        assert terms["real"].item() == pytest.approx(of_real, rel=1e-5)
        assert terms["fake"].item() == pytest.approx(-k * of_fake, rel=1e-5, abs=1e-7)
        terms = loss.generator_loss(scores, batch(fake), batch(real))
        assert terms["adversarial"].item() == pytest.approx(of_fake, rel=1e-5)
        k = min(1.0, max(0.0, k + rate * (gamma * of_real - of_fake)))
        assert loss.k.clamp(0, 1).item() == pytest.approx(k, rel=1e-4, abs=1e-6)
        seen.add(k)
    if fake_scale == 0.1:
        assert max(seen) == 1.0
    if fake_scale == 4.0:
        assert seen == {0.0}


def test_the_gradient_goes_through_the_errors_and_not_through_k():
    loss = Equilibrium(EquilibriumOptions(rate=0.1))
    loss.k.fill_(0.25)
    real, fake = (torch.tensor(v, requires_grad=True) for v in ([-0.5, -2.0], [-1.0, -3.0]))
    for _ in range(2):  # after an update too
        k = loss.k.item()
        terms = loss.discriminator_loss(scores, batch(real), batch(fake))
        (terms["real"] + terms["fake"]).backward()  # after k has changed in place
        assert real.grad.tolist() == [-0.5, -0.5]
        assert fake.grad.tolist() == pytest.approx([k / 2, k / 2])
        assert loss.k.item() != k
        real.grad = fake.grad = None


def test_options_out_of_range_are_refused():
    for wrong in ({"gamma": 1.5}, {"gamma": -0.1}, {"rate": -1}):
        with pytest.raises(ganzoo.UsageError, match=next(iter(wrong))):
            ganzoo.create("loss", "began", **wrong)


# --- In training


class AutoEncoder(nn.Module):
    """One linear layer; the score is minus its error."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 64)

    def forward(self, images):
        x = images.flatten(1)
        return -(self.layer(x) - x).abs().mean(1)


def trained(**settings):
    torch.manual_seed(0)
    loss = Equilibrium(EquilibriumOptions(rate=0.5))
    trainer = ganzoo.Trainer(
        generator=nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))),
        discriminator=AutoEncoder(),
        loss=loss,
        data=ganzoo.ImageStore.from_dataset(
            list(torch.randint(0, 256, (16, 1, 8, 8)).to(torch.uint8))
        ),
        latent=4,
        batch_size=8,
        optimizer="sgd",
        generator_lr=0.5,
        discriminator_lr=0.05,
        device="cpu",
        precision="fp32",
        **settings,
    )
    trainer.fit(6)
    return loss.k, list(trainer.discriminator.parameters())


@pytest.mark.parametrize("parts", [2, 8])
def test_micro_batches_move_k_as_the_whole_batch_does(parts):
    (k, weights), (k_split, weights_split) = trained(), trained(grad_accum_steps=parts)
    assert k != 0
    torch.testing.assert_close(k_split, k, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(weights_split, weights, rtol=1e-4, atol=1e-6)


def test_a_resumed_run_continues_with_its_k(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    chosen = {
        "arch": {"name": "began", "base_channels": 2, "latent_dim": 4},
        "loss": {"name": "began", "rate": 0.5},
        "data": "emoji",
        "size": 16,
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


@pytest.mark.parametrize("arch", ["began", "dcgan"])
def test_scores_that_are_no_errors_are_warned_of_once(arch, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ganzoo.train(
            arch={"name": arch, "base_channels": 4},
            loss="began",
            data="emoji",
            size=16,
            batch_size=8,
            discriminator_lr=0.01,
            steps=20,
            sample_count=4,
            device="cpu",
            run_dir=tmp_path / "run",
        )
    texts = [str(w.message) for w in caught]
    told = [text for text in texts if "it is no auto-encoder" in text]
    assert len(told) == (arch == "dcgan")
