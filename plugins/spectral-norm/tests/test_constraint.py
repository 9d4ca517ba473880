"""Promises of spectral normalization, against singular values and the paper's algorithm."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from ganzoo_spectral_norm.constraint import SpectralNorm
from ganzoo_spectral_norm.options import SpectralNormOptions
from torch import nn
from torch.nn.utils import parametrizations, parametrize, spectral_norm
from torch.overrides import TorchFunctionMode

import ganzoo

LAYERS = {
    "conv1d": nn.Conv1d(3, 5, 4),
    "conv2d": nn.Conv2d(3, 5, 4),
    "conv3d": nn.Conv3d(3, 5, 2),
    "conv_transpose1d": nn.ConvTranspose1d(3, 5, 4),
    "conv_transpose2d": nn.ConvTranspose2d(3, 5, 4),
    "conv_transpose3d": nn.ConvTranspose3d(3, 5, 2),
    "linear": nn.Linear(7, 5),
    "embedding": nn.Embedding(6, 4),
}


def constraint(**options):
    return SpectralNorm(SpectralNormOptions(**options))


def wrapped(network, seed=0, **options):
    torch.manual_seed(seed)
    constraint(**options).wrap(network)
    return network


def filters(layer, weight):
    """The weight as a matrix in float64: what makes output channel i is row i."""
    if not isinstance(layer, tuple(type(each) for n, each in LAYERS.items() if "transpose" in n)):
        return weight.detach().double().reshape(len(weight), -1)
    return torch.stack([weight[:, i].detach().double().flatten() for i in range(weight.shape[1])])


def sigma(layer, weight):
    return torch.linalg.svdvals(filters(layer, weight))[0].item()


def normalized_names(network):
    return {name for name, m in network.named_modules() if parametrize.is_parametrized(m)}


# --- The normalized weight


@pytest.mark.parametrize("name", LAYERS)
def test_weights_of_every_kind_are_divided_by_their_largest_singular_value(name):
    torch.manual_seed(0)
    layer = deepcopy(LAYERS[name])
    layer.reset_parameters()
    before = layer.weight.detach().clone()
    wrapped(layer)
    for _ in range(300):
        _ = layer.weight
    torch.testing.assert_close(layer.weight.detach(), before / sigma(layer, before))
    assert sigma(layer, layer.weight) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("iterations", [1, 3])
def test_each_training_pass_makes_power_iterations_of_algorithm_1(iterations):
    """From the singular vectors of the pass before, which evaluation does not move."""
    layer = wrapped(deepcopy(LAYERS["conv_transpose2d"]), n_power_iterations=iterations)
    raw = layer.parametrizations.weight.original.detach()
    matrix, state = filters(layer, raw), layer.parametrizations.weight[0]
    v = state._v.double()
    for _ in range(4):
        for _ in range(iterations):
            u = matrix @ v / (matrix @ v).norm()
            v = matrix.T @ u / (matrix.T @ u).norm()
        expected = raw / (u @ matrix @ v).float()
        torch.testing.assert_close(layer(torch.ones(1, 3, 2, 2)), _conv(expected, layer))
        torch.testing.assert_close(layer.eval().weight, expected)
        torch.testing.assert_close(layer.weight, expected)
        layer.train()


def _conv(weight, layer):
    return nn.functional.conv_transpose2d(torch.ones(1, 3, 2, 2), weight, layer.bias)


def test_the_gradient_is_that_of_the_paper():
    """d/dW L(W / sigma) = (G - <G, W / sigma> u v^T) / sigma (section 2.3), G at W / sigma."""
    layer = wrapped(nn.Linear(6, 4)).eval()
    state, raw = layer.parametrizations.weight[0], layer.parametrizations.weight.original
    g = torch.randn(4, 6)
    (g * layer.weight).sum().backward()
    u, v = state._u, state._v
    s = u @ raw @ v
    expected = (g - (g * raw / s).sum() * torch.outer(u, v)) / s
    torch.testing.assert_close(raw.grad, expected.detach())


def test_two_passes_before_one_backward_pass_are_allowed():
    """D(x) - D(G(z)): the second pass must not change what the first one saved."""
    layer = wrapped(nn.Linear(6, 4))
    (layer(torch.randn(2, 6)).sum() - layer(torch.randn(2, 6)).sum()).backward()
    assert layer.parametrizations.weight.original.grad.abs().sum() > 0


def test_autocast_does_not_reach_the_power_iteration():
    """In half precision the norm would be off by up to 2^-9."""
    seen = []

    class Spy(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            if function in (torch.mv, torch.vdot):
                seen.append(torch.is_autocast_enabled("cpu"))
            return function(*args, **(kwargs or {}))

    layer = wrapped(nn.Linear(6, 4))
    with Spy(), torch.autocast("cpu", torch.bfloat16):
        assert layer.weight.dtype == torch.float32
        assert layer(torch.ones(1, 6)).dtype == torch.bfloat16
    assert len(seen) >= 6
    assert not any(seen)


# --- Which layers


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.frozen = nn.Conv2d(4, 4, 3).requires_grad_(False)
        self.body = nn.Sequential(nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 1))
        self.embed = nn.Embedding(2, 4)
        self.score = nn.Linear(4, 1)


ALL = {"first", "body.0", "body.1", "embed", "score"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ALL),
        ({"embeddings": False}, ALL - {"embed"}),
        ({"exclude": ("score",)}, ALL - {"score"}),
        ({"exclude": ("body.*", "e*")}, {"first", "score"}),
    ],
)
def test_trained_layers_are_normalized_but_those_left_out(options, expected):
    assert normalized_names(wrapped(Network(), **options)) == expected


def test_frozen_weights_keep_their_values():
    network = Network()
    before = network.frozen.weight.clone()
    wrapped(network)
    assert isinstance(network.frozen.weight, nn.Parameter)
    assert torch.equal(network.frozen.weight, before)


def test_layers_that_are_normalized_already_are_left_alone():
    network = Network()
    parametrizations.spectral_norm(network.first, n_power_iterations=7)
    spectral_norm(network.score)
    wrapped(network)
    assert len(network.first.parametrizations.weight) == 1
    assert network.first.parametrizations.weight[0].n_power_iterations == 7
    assert normalized_names(network) == ALL - {"score"}


def test_a_network_that_is_normalized_already_is_accepted():
    network = nn.Sequential(parametrizations.spectral_norm(nn.Linear(3, 3)))
    assert len(wrapped(network)[0].parametrizations.weight) == 1


def test_it_comes_after_another_parametrization():
    layer = parametrizations.weight_norm(nn.Linear(6, 4))
    wrapped(layer)
    for _ in range(100):
        _ = layer.weight
    assert sigma(layer, layer.weight) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "network",
    [nn.Sequential(nn.BatchNorm2d(3)), nn.Sequential(nn.Linear(3, 3).requires_grad_(False))],
)
def test_a_network_without_such_layers_is_refused(network):
    with pytest.raises(ganzoo.Unsupported, match="needs a convolution, linear layer or embedding"):
        wrapped(network)


def test_a_network_of_which_all_is_left_out_is_refused():
    with pytest.raises(ganzoo.Unsupported, match="Sequential has no other"):
        wrapped(nn.Sequential(nn.Linear(3, 3)), exclude=("*",))


def test_a_pattern_that_matches_nothing_is_warned_of_with_the_names_there_are():
    names = r"'bodi.*', .*first, body.0, body.1, embed, score"
    with pytest.warns(ganzoo.GanzooWarning, match=names):
        network = wrapped(Network(), exclude=("bodi.*",))
    assert normalized_names(network) == ALL
    assert normalized_names(wrapped(Network(), exclude=("bodi.*",), networks="both")) == ALL


def test_weights_of_zeros_are_refused():
    """torch divides 0 by 0."""
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    nn.init.zeros_(network[1].weight)
    with pytest.raises(ganzoo.Unsupported, match=r'exclude = \["1"\]'):
        wrapped(network)


# --- At rest


@pytest.mark.parametrize("name", LAYERS)
def test_a_settled_layer_has_plain_weights_of_norm_1_exactly(name):
    """After the weights have moved away from the singular vectors, as those of an average have."""
    layer = wrapped(deepcopy(LAYERS[name]))
    with torch.no_grad():
        layer.parametrizations.weight.original.normal_()
    layer.eval()
    raw = layer.parametrizations.weight.original.detach().clone()
    assert sigma(layer, layer.weight) > 1.01
    constraint().settle(layer)
    assert set(layer.state_dict()) == set(LAYERS[name].state_dict())
    assert type(layer) is type(LAYERS[name])
    assert sigma(layer, layer.weight) == pytest.approx(1, abs=2e-6)
    torch.testing.assert_close(layer.weight.detach(), raw / sigma(layer, raw))


def test_settling_a_copy_leaves_the_network_as_it_is():
    """torch's remove_parametrizations breaks the network that the copy was made of."""
    network = wrapped(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 3, 3)))
    images = torch.randn(2, 3, 8, 8)
    before = network.eval()(images)
    constraint(networks="generator").settle(deepcopy(network))
    assert torch.equal(network(images), before)
    network.train()(images).sum().backward()
    assert network[0].parametrizations.weight.original.grad is not None


def test_only_what_it_wrapped_is_settled():
    network = nn.Sequential(parametrizations.spectral_norm(nn.Linear(3, 3)), nn.Linear(3, 3))
    parametrizations.weight_norm(network[1], "weight")
    wrapped(network)
    settled = deepcopy(network).eval()
    constraint().settle(settled)
    assert normalized_names(settled) == {"0"}
    assert sigma(settled[1], settled[1].weight) == pytest.approx(1, abs=2e-6)


def test_other_parametrized_tensors_of_a_layer_stay():
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "bias", nn.Tanh())
    wrapped(layer)
    copy = deepcopy(layer).eval()
    constraint().settle(copy)
    assert torch.equal(copy.bias, layer.bias)
    assert isinstance(copy.weight, nn.Parameter)
    assert torch.equal(layer.bias, copy.bias)
