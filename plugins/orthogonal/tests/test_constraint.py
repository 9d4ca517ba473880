"""Promises of orthogonal regularization, against loops over pairs of filters."""

from __future__ import annotations

import pytest
import torch
from ganzoo_orthogonal.constraint import Orthogonal
from ganzoo_orthogonal.options import OrthogonalOptions
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm

import ganzoo

LAYERS = {
    "conv1d": lambda: nn.Conv1d(3, 5, 4),
    "conv2d": lambda: nn.Conv2d(4, 6, 3, groups=2),
    "conv3d": lambda: nn.Conv3d(2, 3, 2),
    "conv_transpose1d": lambda: nn.ConvTranspose1d(3, 5, 4),
    "conv_transpose2d": lambda: nn.ConvTranspose2d(4, 6, 3, groups=2),
    "conv_transpose3d": lambda: nn.ConvTranspose3d(2, 3, 2),
    "wide": lambda: nn.Linear(3, 8),
    "narrow": lambda: nn.Linear(8, 3),
    "embedding": lambda: nn.Embedding(6, 4),
}


def penalty(network, **options):
    constraint = Orthogonal(OrthogonalOptions(weight=1.0, **options))
    constraint.wrap(network)
    return constraint.penalty(network)


def filters(layer):
    """What computes each output channel, as vectors in float64."""
    weight = layer.weight.detach().double()
    if not isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)):
        return [row.flatten() for row in weight]
    inputs, outputs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    return [
        weight[group * inputs : (group + 1) * inputs, channel].flatten()
        for group in range(layer.groups)
        for channel in range(outputs)
    ]


def by_loop(layer, variant):
    """Equation 3, or equation 2, of BigGAN: pair by pair."""
    total, rows = 0.0, filters(layer)
    for i, first in enumerate(rows):
        for j, second in enumerate(rows):
            product = (first @ second).item()
            if i != j:
                total += product**2
            elif variant == "identity":
                total += (product - 1) ** 2
    return total


@pytest.mark.parametrize("variant", ["off-diagonal", "identity"])
@pytest.mark.parametrize("name", LAYERS)
def test_it_is_the_sum_over_pairs_of_filters(name, variant):
    torch.manual_seed(0)
    layer = LAYERS[name]()
    value = penalty(layer, variant=variant, embeddings=True)
    assert value.item() == pytest.approx(by_loop(layer, variant), rel=1e-5)


@pytest.mark.parametrize("shape", [(3, 8), (8, 3)])
@pytest.mark.parametrize("variant", ["off-diagonal", "identity"])
def test_its_gradient_equals_finite_differences_in_float64(shape, variant):
    layer = nn.Linear(*shape).double()
    constraint = Orthogonal(OrthogonalOptions(weight=0.3, variant=variant))

    def value(weight):
        with torch.no_grad():
            layer.weight.copy_(weight)
        return constraint.penalty(layer)

    weight = layer.weight.detach().clone()
    (gradient,) = torch.autograd.grad(value(weight), layer.weight)
    for k in range(weight.numel()):
        step = torch.zeros_like(weight).view(-1)
        step[k] = 1e-6
        step = step.view_as(weight)
        numeric = (value(weight + step) - value(weight - step)).item() / 2e-6
        assert gradient.view(-1)[k].item() == pytest.approx(numeric, rel=1e-6, abs=1e-8)


def test_biggans_gradient_is_that_of_half_the_weight():
    """The authors' code adds 2 strength (W W^T * (1 - I)) W to the gradient."""
    layer = nn.Linear(7, 5)
    w = layer.weight.detach()
    expected = 2 * ((w @ w.T) * (1 - torch.eye(5))) @ w
    (gradient,) = torch.autograd.grad(0.5 * penalty(layer), layer.weight)
    torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize(("variant", "expected"), [("off-diagonal", 0), ("identity", 27)])
def test_orthogonal_filters_of_length_2_cost_their_length_alone(variant, expected):
    layer = nn.Conv2d(3, 3, 2)
    with torch.no_grad():
        layer.weight.copy_(2 * torch.eye(12)[:3].view_as(layer.weight))
    assert penalty(layer, variant=variant).item() == expected


def test_rounding_makes_it_no_reward():
    """Many filters, of which one is not 0: a difference of two large equal sums."""
    layer = nn.Linear(3, 8)
    for seed in range(20):
        torch.manual_seed(seed)
        with torch.no_grad():
            layer.weight.zero_()
            layer.weight[0] = 100 * torch.randn(3)
        assert penalty(layer).item() >= 0


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(3, 4)
        self.first = nn.ConvTranspose2d(4, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.frozen = nn.Conv2d(4, 4, 3).requires_grad_(False)
        self.last = nn.Linear(4, 4)


def test_it_is_the_sum_over_trained_layers_without_embeddings():
    network = Network()
    first, last, embed = (by_loop(m, "") for m in (network.first, network.last, network.embed))
    assert penalty(network).item() == pytest.approx(first + last, rel=1e-5)
    assert penalty(network, embeddings=True).item() == pytest.approx(first + last + embed, rel=1e-5)


@pytest.mark.parametrize("normalize", [parametrizations.spectral_norm, spectral_norm])
def test_it_penalizes_the_weights_before_a_spectral_normalization(normalize):
    """And makes no power iteration."""
    layer = nn.Linear(6, 4)
    expected = by_loop(layer, "")
    normalize(layer)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    value = penalty(layer)
    assert value.item() == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(dict(layer.state_dict()), before, rtol=0, atol=0)
    value.backward()
    assert [p.grad is not None for p in layer.parameters() if p.ndim > 1] == [True]


def test_it_penalizes_the_product_of_a_weight_norm():
    layer = parametrizations.weight_norm(nn.Linear(6, 4))
    assert penalty(layer).item() == pytest.approx(by_loop(layer, ""), rel=1e-5)


def test_beta_scales_it_and_0_switches_it_off():
    layer = nn.Linear(6, 4)
    small = Orthogonal(OrthogonalOptions(weight=0.01)).penalty(layer)
    assert small.item() == pytest.approx(0.01 * penalty(layer).item())
    assert Orthogonal(OrthogonalOptions(weight=0)).penalty(layer) is None


def test_the_defaults_are_biggans():
    options = Orthogonal().options
    assert (options.weight, options.variant, options.networks) == (
        1e-4,
        "off-diagonal",
        "generator",
    )
    assert Orthogonal().applies_to("generator")
    assert not Orthogonal().applies_to("discriminator")


@pytest.mark.parametrize(
    "network",
    [nn.Embedding(3, 3), nn.BatchNorm2d(3), nn.Linear(3, 3).requires_grad_(False)],
)
def test_a_network_without_such_layers_is_refused(network):
    with pytest.raises(ganzoo.Unsupported, match="needs a convolution or linear layer"):
        Orthogonal().wrap(network)


# --- Training


def generator_after_training(beta, steps=60, **settings):
    torch.manual_seed(0)
    images = [torch.randint(0, 256, (1, 8, 8), dtype=torch.uint8) for _ in range(16)]
    generator = nn.Sequential(
        nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))
    )
    trainer = ganzoo.Trainer(
        generator=generator,
        discriminator=nn.Sequential(nn.Flatten(), nn.Linear(64, 1)),
        loss="hinge",
        data=ganzoo.ImageStore.from_dataset(images),
        latent=4,
        batch_size=8,
        constraints={"orthogonal": {"weight": beta}},
        generator_lr=0.01,
        device="cpu",
        precision="fp32",
        **settings,
    )
    trainer.fit(steps - 1)
    return trainer, trainer.train_step()


def test_training_makes_filters_more_orthogonal():
    without, _ = generator_after_training(0)
    trained, terms = generator_after_training(1.0)
    assert penalty(trained.generator).item() < penalty(without.generator).item() / 2
    assert "generator/orthogonal" in terms
    assert "discriminator/orthogonal" not in terms


def test_micro_batches_give_the_gradient_of_the_batch():
    """The penalty does not grow with their number."""
    whole, _ = generator_after_training(1.0, steps=3, optimizer="sgd")
    split, _ = generator_after_training(1.0, steps=3, optimizer="sgd", grad_accum_steps=4)
    torch.testing.assert_close(
        list(split.generator.parameters()),
        list(whole.generator.parameters()),
        rtol=1e-4,
        atol=1e-6,
    )
