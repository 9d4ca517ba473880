"""Promises of networks that keep a tensor with a graph: torch's older spectral norm does."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations
from toys import same, weights

import ganzoo
from ganzoo.assembly.demands import check_discriminator
from ganzoo.copying import copied, copied_to
from ganzoo.training.ema import MovingAverage

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.nn.utils.spectral_norm.* is deprecated")

OLD, NEW = nn.utils.spectral_norm, parametrizations.spectral_norm
PHOTOS = torch.randint(0, 256, (60, 1, 8, 8), dtype=torch.uint8)


def make_generator(normalize) -> nn.Sequential:
    torch.manual_seed(0)
    first, second = normalize(nn.Linear(8, 32)), normalize(nn.Linear(32, 64))
    return nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))


def make_discriminator(normalize) -> nn.Sequential:
    first, second = normalize(nn.Linear(64, 16)), normalize(nn.Linear(16, 1))
    return nn.Sequential(nn.Flatten(), first, nn.LeakyReLU(0.2), second)


def largest_singular_values(generator: nn.Sequential) -> torch.Tensor:
    """Those of both layers, as the latest forward pass multiplied by them."""
    weights = [generator[k].weight.detach() for k in (0, 2)]
    return torch.stack([torch.linalg.svdvals(weight)[0] for weight in weights])


def test_a_copy_has_the_values_and_shares_nothing_but_what_it_is_told_to():
    network = OLD(nn.Linear(3, 3))
    x = torch.ones(1, 3)
    network(x)
    with pytest.raises(RuntimeError, match="created explicitly by the user"):
        deepcopy(network)  # torch has mended it: `copied` may go
    copy = copied(network, shared=[network.bias])
    assert torch.equal(copy.weight, network.weight)
    assert not copy.weight.requires_grad
    assert network.weight.requires_grad
    assert copy.bias is network.bias
    assert copy.weight_orig is not network.weight_orig
    with torch.no_grad():
        copy.weight_orig.zero_()
    assert network.eval()(x).abs().sum() > 0
    copy.eval()(x).sum().backward()
    assert network.weight_orig.grad is None


def test_a_copy_without_values_has_all_else():
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 3))
    network[2].weight = network[0].weight
    network[0].bias.requires_grad_(False)
    before = weights(network)
    copy = copied_to(network, torch.device("meta"))
    assert {t.device.type for t in (*copy.parameters(), *copy.buffers())} == {"meta"}
    assert copy[2].weight is copy[0].weight
    for (name, mine), (_, theirs) in zip(
        copy.named_parameters(), network.named_parameters(), strict=True
    ):
        described = (mine.shape, mine.dtype, mine.requires_grad)
        assert described == (theirs.shape, theirs.dtype, theirs.requires_grad), name
    assert copy(torch.ones(2, 3, device="meta")).shape == (2, 3)
    assert same(before, weights(network))


def test_networks_that_have_run_before_are_tried_and_averaged():
    generator, discriminator = make_generator(OLD), make_discriminator(OLD)
    images = generator(torch.randn(2, 8))
    discriminator(images)
    demands = ganzoo.create("loss", "hinge").demands()
    check_discriminator(discriminator, ganzoo.ImageSpec(1, 8, 8), demands)
    MovingAverage(generator, 0.9).update()


@pytest.mark.parametrize("normalize", [OLD, NEW])
def test_spectral_norm_old_and_new_is_trained_sampled_saved_measured_and_exported(
    normalize, make_trainer, tmp_path
):
    # Training and sampling.
    networks = {"generator": make_generator(normalize)}
    networks["discriminator"] = make_discriminator(normalize)
    for network, inputs in zip(networks.values(), ((2, 8), (2, 1, 8, 8)), strict=True):
        network(torch.randn(inputs))  # a user tries them first
    trainer = make_trainer(**networks, loss="hinge", data=PHOTOS)
    trainer.fit(20)
    averaged, live = trainer.sample(4), trainer.sample(4, live=True)
    assert averaged.shape == live.shape == (4, 1, 8, 8)
    torch.testing.assert_close(averaged, live, rtol=0, atol=0.1)
    trainer.fit(21)

    # The layers that are sampled have the norm of those that are trained, which is about 1.
    trainer.sample(1)
    of_live, of_average = map(largest_singular_values, (trainer.generator, trainer.ema.module))
    torch.testing.assert_close(of_live, torch.ones(2), rtol=0.1, atol=0)
    torch.testing.assert_close(of_average, of_live, rtol=0.02, atol=0)

    # A run, opened with a network that was trained.
    saved = trainer.save(tmp_path / "run")
    run = ganzoo.Run(saved.path, device="cpu", **networks)
    assert torch.equal(run.sample(4), trainer.sample(4))
    assert run.discriminator(torch.zeros(2, 1, 8, 8)).shape == (2, 1)
    assert ganzoo.evaluate(run, PHOTOS, n=30, metrics="sliced-wasserstein").values()

    # An export, after a forward pass with gradients.
    run.generator(torch.randn(1, 8))
    assert ganzoo.export(run, "safetensors").is_dir()
