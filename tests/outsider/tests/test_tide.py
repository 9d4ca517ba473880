"""Promises of the tide penalty."""

from __future__ import annotations

import pytest
import torch
from nocturne_gan.options import TideOptions
from nocturne_gan.tide import Tide
from torch import Tensor

import ganzoo

Z = torch.linspace(-1, 1, 6, dtype=torch.float64).view(2, 3)


def fakes(slope: Tensor) -> ganzoo.Fakes:
    """G(z) = slope * z, an image of three pixels."""

    def generate(z: Tensor, labels: Tensor | None) -> Tensor:
        return (slope * z).view(-1, 1, 1, 3)

    return ganzoo.Fakes(generate(Z, None).detach(), z=Z, generate=generate)


def linear(batch: ganzoo.Batch) -> Tensor:
    """D(x) = x_1 + 2 x_2 + 2 x_3."""
    return batch.images.flatten(1) @ torch.tensor([1.0, 2.0, 2.0], dtype=torch.float64)


def test_it_is_half_the_squared_gradient_by_z():
    """The gradient of D(G(z)) is (1, 2, 2) times the slope: its norm is 3 times the slope."""
    fake = fakes(torch.tensor(2.0, dtype=torch.float64))
    assert Tide().penalty(linear, fake, fake).item() == pytest.approx((3 * 2) ** 2 / 2)


def test_its_gradient_by_the_critic_is_that_of_finite_differences():
    weight = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    fake = fakes(torch.tensor(1.5, dtype=torch.float64))

    def critic(batch: ganzoo.Batch, w: Tensor = weight) -> Tensor:
        return torch.sin(w * batch.images.flatten(1)).sum(1)

    def value(w: float) -> float:
        given = torch.tensor(w, dtype=torch.float64)
        return Tide().penalty(lambda batch: critic(batch, given), fake, fake).item()

    Tide().penalty(critic, fake, fake).backward()
    numeric = (value(0.7 + 1e-5) - value(0.7 - 1e-5)) / 2e-5
    assert weight.grad.item() == pytest.approx(numeric, rel=1e-6)


@pytest.mark.parametrize("conditional", [False, True])
def test_it_is_applied_at_every_second_update(tmp_path, monkeypatch, conditional):
    """Half as often, as the interval says; the log shows the updates that apply it."""
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    run = ganzoo.train(
        arch={"name": "nocturne", "width": 8, "blocks": 1, "latent_dim": 4},
        loss="twilight",
        data={"name": "night-sky", "count": 40, "size": 8},
        penalty={"tide": {"weight": "0.1 to 0 over 8 steps", "interval": 2}},
        conditional=conditional,
        grad_accum_steps=2,
        log_every=1,
        steps=3,
        batch_size=4,
        sample_count=8,
        device="cpu",
        run_dir=tmp_path / "run",
    )
    values = [line.get("discriminator/tide") for line in run.metrics()]
    assert [value is not None for value in values] == [True, False, True]


def test_by_default_it_is_lazy():
    assert (Tide().weight, Tide().interval) == (0.1, 4)
    assert TideOptions(weight="0 to 1 over 5 kimg").weight == ganzoo.Schedule(
        0, 1, length=5, unit="kimg"
    )
