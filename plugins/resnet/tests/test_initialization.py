"""Promises of initial weights, against the distributions of the papers."""

from __future__ import annotations

import pytest
import torch
from ganzoo_resnet.architecture import ResNet
from ganzoo_resnet.options import ResNetOptions
from torch import nn

from ganzoo import Demands, ImageSpec

LABELS = Demands(labels=True)
LAYERS = (nn.Conv2d, nn.Linear)


def networks(initialization, base_channels=16):
    torch.manual_seed(0)
    options = ResNetOptions(initialization=initialization, base_channels=base_channels)
    return ResNet(options).build(ImageSpec(3, 32, 32, num_classes=50), LABELS)


def layers(network, kinds=LAYERS):
    return {name: m for name, m in network.named_modules() if isinstance(m, kinds)}


def test_glorot_uniform_has_gain_sqrt_2_for_residual_convolutions_and_1_for_other_layers():
    made = networks("glorot")
    weights = {
        f"{which}.{name}": layer.weight
        for which, network in made._asdict().items()
        for name, layer in layers(network).items()
    }
    weights["embedding"] = made.discriminator.heads.embedding.weight
    assert len(weights) == 11 + 11 + 1
    for name, weight in weights.items():
        residual = name.endswith(("conv1", "conv2"))
        outputs, inputs = (size * weight[0, 0].numel() for size in weight.shape[:2])
        bound = (2**0.5 if residual else 1) * (6 / (inputs + outputs)) ** 0.5
        assert weight.abs().max() <= bound, name
        assert weight.abs().max() > 0.8 * bound, name
        spread = weight.std().item() / (bound / 3**0.5)
        assert spread == pytest.approx(1, rel=2 / weight.numel() ** 0.5), name


def test_orthogonal_weights_are_orthogonal():
    for network in networks("orthogonal", 4):
        for name, layer in layers(network, (*LAYERS, nn.Embedding)).items():
            if ".norm" in name:
                continue
            matrix = layer.weight.detach().flatten(1)
            matrix = matrix if len(matrix) <= matrix.shape[1] else matrix.T
            torch.testing.assert_close(matrix @ matrix.T, torch.eye(len(matrix)), msg=name)


def test_normal_weights_have_standard_deviation_one_fiftieth():
    for network in networks("normal"):
        for name, layer in layers(network).items():
            tolerance = 5 / layer.weight.numel() ** 0.5
            assert layer.weight.std().item() == pytest.approx(0.02, rel=tolerance), name


@pytest.mark.parametrize("initialization", ["glorot", "orthogonal", "normal"])
def test_biases_start_at_0_and_gains_at_1(initialization):
    generator, discriminator = networks(initialization, 2)
    for network in (generator, discriminator):
        assert not any(layer.bias.any() for layer in layers(network).values())
    for block in generator.blocks:
        for norm in (block.norm1, block.norm2):
            assert (norm.gain.weight == 1).all()
            assert not norm.bias.weight.any()
    assert (generator.norm.weight == 1).all()
    assert not generator.norm.bias.any()


def test_activations_neither_vanish_nor_explode_at_the_start():
    generator, discriminator = networks("glorot")
    images = generator(torch.randn(32, 128), torch.arange(32))
    assert 0.1 < images.std() < 0.9
    scores = discriminator(torch.rand(32, 3, 32, 32) * 2 - 1, torch.arange(32))
    assert 0.1 < scores.std() < 100
