"""Promises of networks: built from the random seed alone, and summarized without a change."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from toys import TinyGenerator, same, weights

import ganzoo
from ganzoo.discovery import registry
from ganzoo.run.networks import Stage, build_networks, count_parameters, stages

IMAGE = ganzoo.ImageSpec(1, 8, 8)


def build(seed: int) -> ganzoo.Networks:
    architecture = ganzoo.create("architecture", "vanilla", width=8, depth=1)
    component = registry.find("architecture", "vanilla")
    return build_networks(architecture, component, IMAGE, ganzoo.Demands(), seed)


def test_weights_depend_on_the_seed_alone():
    first = build(seed=3)
    torch.rand(5)
    again, other = build(seed=3), build(seed=4)
    for network, same_seed, other_seed in zip(first, again, other, strict=True):
        assert same(weights(network), weights(same_seed))
        assert not same(weights(network), weights(other_seed))


def test_building_does_not_move_the_callers_random_numbers():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    build(seed=3)
    assert torch.equal(torch.rand(3), expected)


def test_every_innermost_layer_is_listed_with_output_shape_and_parameters():
    listed = stages(TinyGenerator(), [torch.zeros(2, 8)])
    assert listed == [
        Stage("body.0", "Linear", (16,), 8 * 16 + 16),
        Stage("body.1", "BatchNorm1d", (16,), 32),
        Stage("body.2", "ReLU", (16,), 0),
        Stage("body.3", "Linear", (64,), 16 * 64 + 64),
    ]
    assert sum(stage.parameters for stage in listed) == count_parameters(TinyGenerator())


def test_a_summary_leaves_the_network_as_it_is():
    network = TinyGenerator()
    before = weights(network)
    stages(network, [torch.randn(2, 8)])
    assert same(weights(network), before)
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize(("width", "device"), [(100, "cpu"), (100_000, "meta")])
def test_a_summary_computes_values_of_a_small_network_alone(width, device):
    """It would take minutes for networks of 1024 pixels."""
    network, devices = nn.Linear(8, width), []
    network.register_forward_pre_hook(lambda _, inputs: devices.append(inputs[0].device.type))
    assert stages(network, [torch.randn(2, 8)]) == [Stage("", "Linear", (width,), 9 * width)]
    assert devices == [device]


def test_a_network_that_reads_values_is_summarized_too():
    class ReadsValues(nn.Linear):
        def forward(self, x):
            return super().forward(x) if float(x.sum()) else x

    assert stages(ReadsValues(8, 3), [torch.ones(2, 8)]) == [Stage("", "ReadsValues", (3,), 27)]


def test_frozen_parameters_are_not_counted():
    layer = nn.Linear(3, 2)
    layer.bias.requires_grad_(False)
    assert count_parameters(layer) == 6
