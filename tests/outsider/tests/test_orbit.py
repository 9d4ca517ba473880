"""Promises of the orbit."""

from __future__ import annotations

import pytest
import torch
from nocturne_gan.orbit import Orbit, orbits
from torch import nn

import ganzoo


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Linear(4, 3), nn.Linear(3, 2))
    nn.init.zeros_(layers[3].weight)
    layers[2].weight.requires_grad_(False)
    return layers


def test_weights_return_to_their_sphere_and_stay_inside_it():
    layers, orbit = network(), Orbit()
    orbit.wrap(layers)
    first = layers[0].weight.detach().clone()
    with torch.no_grad():
        layers[0].weight.mul_(3)
        orbit.after_update(layers)
    torch.testing.assert_close(layers[0].weight.detach(), first)
    with torch.no_grad():
        layers[0].weight.mul_(0.5)
        orbit.after_update(layers)
    torch.testing.assert_close(layers[0].weight.detach(), 0.5 * first)


def test_frozen_weights_biases_and_weights_that_start_at_zero_are_free():
    layers, orbit = network(), Orbit()
    orbit.wrap(layers)
    assert [weight.shape for weight, _ in orbits(layers)] == [layers[0].weight.shape]
    with torch.no_grad():
        layers[3].weight.fill_(100)
        layers[0].bias.fill_(100)
        orbit.after_update(layers)
    assert layers[3].weight.min() == layers[0].bias.min() == 100


def test_a_network_without_weights_is_refused():
    with pytest.raises(ganzoo.Unsupported, match="weight matrices that are trained"):
        Orbit().wrap(nn.Sequential(nn.Flatten(), nn.GroupNorm(1, 4)))


def test_it_holds_while_training_and_after_resuming(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    run = ganzoo.train(
        arch={"name": "nocturne", "width": 8, "blocks": 1, "latent_dim": 4},
        loss="twilight",
        data={"name": "night-sky", "count": 40, "size": 8},
        constraint={"orbit": {}},
        discriminator_lr=0.5,
        steps=2,
        batch_size=4,
        sample_count=4,
        device="cpu",
        run_dir=tmp_path / "run",
    )
    for trained in (run, ganzoo.resume(run.path, steps=4)):
        kept = list(orbits(trained.discriminator))
        assert len(kept) > 3
        assert all(weight.norm() <= radius * (1 + 1e-5) for weight, radius in kept)
        at_the_edge = [weight.norm() > 0.99 * radius for weight, radius in kept]
        assert any(at_the_edge), "a learning rate of 0.5 throws weights out of every orbit"
