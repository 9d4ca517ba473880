"""Promises of `max_grad_norm`."""

from __future__ import annotations

import copy

import pytest
import torch
from shared_training import weights_after
from together import together
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

import ganzoo

SGD = {"optimizer": "sgd", "betas": (0.0, 0.9), "discriminator_lr": 1.0, "generator_lr": 1.0}


def flat(network: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def moved(trainer, network: str) -> Tensor:
    before = flat(getattr(trainer, network))
    trainer.train_step()
    return flat(getattr(trainer, network)) - before


@pytest.mark.parametrize("network", ["discriminator", "generator"])
def test_an_update_is_scaled_down_to_the_norm(make_trainer, network):
    """SGD moves the weights by -lr g; clipping at c replaces g by g min(1, c / |g|)."""
    free = moved(make_trainer(**SGD), network)
    other = "generator" if network == "discriminator" else "discriminator"
    clipped = make_trainer(**SGD, **{f"{network}_max_grad_norm": 0.001})
    assert 0.01 < free.norm() < 100
    if network == "discriminator":  # the generator's update is through the discriminator
        torch.testing.assert_close(
            moved(clipped, network), free * 0.001 / free.norm(), rtol=1e-3, atol=1e-8
        )
    else:
        assert moved(clipped, network).norm() == pytest.approx(0.001, rel=1e-3)
    loose = make_trainer(**SGD, max_grad_norm=1000.0, **{f"{other}_max_grad_norm": 2000.0})
    assert torch.equal(moved(loose, network), free)


@pytest.mark.parametrize("grad_accum_steps", [2, 4])
def test_the_gradient_of_the_whole_batch_is_clipped_not_that_of_a_part(
    make_trainer, grad_accum_steps
):
    torch.manual_seed(3)
    generator = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    whole, parts = (
        moved(
            make_trainer(
                **SGD,
                generator=copy.deepcopy(generator),  # without batch norm, which sees the parts
                max_grad_norm=0.01,
                grad_accum_steps=steps,
            ),
            "discriminator",
        )
        for steps in (1, grad_accum_steps)
    )
    torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-7)


def test_each_network_has_a_norm_of_its_own(make_trainer):
    trainer = make_trainer(max_grad_norm=0.01, generator_max_grad_norm=0.002)
    for _ in range(3):
        trainer.train_step()
        for update, norm in (
            (trainer.discriminator_update, 0.01),
            (trainer.generator_update, 0.002),
        ):
            assert get_total_norm([p.grad for p in update.parameters]) < norm * (1 + 1e-4)


def test_it_is_the_unscaled_gradient_that_is_clipped(make_trainer):
    """With a loss scale of 2^16, as in float16, the update is the same."""
    plain, scaled = (make_trainer(**SGD, max_grad_norm=0.01) for _ in range(2))
    update = scaled.discriminator_update
    update.scaler = update.gradients.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
    torch.testing.assert_close(
        moved(scaled, "discriminator"), moved(plain, "discriminator"), rtol=1e-4, atol=1e-8
    )


def test_an_overflow_of_the_scaled_gradient_still_skips_the_step(make_trainer):
    trainer = make_trainer(**SGD, max_grad_norm=0.01)
    update = trainer.discriminator_update
    update.scaler = update.gradients.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
    update.gradients.scaler._init_scale = float("inf")
    assert torch.equal(moved(trainer, "discriminator"), torch.zeros_like(flat(update.network)))
    assert flat(update.network).isfinite().all()


def test_a_norm_must_be_above_zero(make_trainer):
    with pytest.raises(ganzoo.UsageError, match=r"max_grad_norm.*greater than 0"):
        make_trainer(max_grad_norm=0)


def test_optimizers_of_ones_own_are_clipped_too(make_trainer):
    trainer = make_trainer(
        max_grad_norm=0.01, discriminator_optimizer=lambda p: torch.optim.SGD(p, lr=1.0)
    )
    assert moved(trainer, "discriminator").norm() == pytest.approx(0.01, rel=1e-3)


def test_resuming_is_bit_identical(make_trainer):
    through, first, second = (make_trainer(max_grad_norm=0.01) for _ in range(3))
    through.fit(4)
    first.fit(2)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    second.fit(4)
    assert torch.equal(flat(second.generator), flat(through.generator))


def test_two_processes_clip_the_gradient_of_the_global_batch():
    settings = {"max_grad_norm": 0.05}
    alone = weights_after(3, settings)
    for shared in together(2, weights_after, 3, settings):
        for mine, theirs in zip(shared, alone, strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)
