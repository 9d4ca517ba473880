"""Promises of SAGAN's sizes, initialization and constraints."""

from __future__ import annotations

import pytest
import torch
from ganzoo_sagan.architecture import SAGAN
from ganzoo_sagan.options import SAGANOptions
from torch import nn
from torch.nn.utils import parametrize

import ganzoo
from ganzoo import Demands, ImageSpec, Output, Unsupported

SMALL = SAGAN(SAGANOptions(latent_dim=8, base_channels=2))
LABELLED = Demands(labels=True)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def counts(options, image, demands):
    with torch.device("meta"):
        return tuple(map(count, SAGAN(SAGANOptions(**options)).build(image, demands)))


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("demands", [Demands(), LABELLED])
def test_every_size_and_number_of_channels_is_built(size, channels, demands):
    image = ImageSpec(channels, size, size, num_classes=3)
    generator, discriminator = SMALL.build(image, demands)
    labels = [torch.tensor([0, 2])] if demands.labels else []
    images = generator(SMALL.latent.sample(2), *labels)
    assert images.shape == (2, channels, size, size)
    assert images.abs().max() <= 1
    assert discriminator(images, *labels).shape == (2,)


@pytest.mark.parametrize(
    ("size", "classes", "expected"),
    [(32, 10, (4_386_308, 1_075_586)), (128, 1000, (42_017_412, 39_448_258))],
)
def test_its_parameters_are_as_many_as_studiogans(size, classes, expected):
    """CIFAR-10 and ImageNet, from the logs of StudioGAN: class-conditional, default attention."""
    image = ImageSpec(3, size, size, num_classes=classes)
    assert counts({}, image, LABELLED) == expected


@pytest.mark.parametrize(
    ("size", "classes", "expected"),
    [
        (32, 0, (4_276_739, 1_053_825)),
        (32, 10, (4_304_387, 1_055_105)),
        (64, 200, (13_366_915, 19_747_521)),
        (128, 1000, (41_996_931, 39_443_137)),
    ],
)
def test_without_attention_they_are_as_many_as_in_studiogans_sngan(size, classes, expected):
    """CIFAR-10 unconditional and conditional, Tiny ImageNet, ImageNet: the same networks."""
    image = ImageSpec(3, size, size, num_classes=classes)
    assert counts({"attention": []}, image, Demands(labels=classes > 0)) == expected


@pytest.mark.parametrize(("size", "near"), [((28, 28), 32), ((32, 64), 32), ((300, 200), 128)])
def test_a_size_it_cannot_build_is_refused_with_the_nearest_it_can(size, near):
    with pytest.raises(Unsupported, match=rf"not {size[0]}x{size[1]}; try size=\"?{near}"):
        SMALL.build(ImageSpec(1, *size), Demands())
    assert SMALL.natural_size(*size) == (near, near)


@pytest.mark.parametrize("size", [32, 64, 128])
def test_attention_is_where_the_map_has_half_the_sides_of_the_image(size):
    generator, discriminator = SMALL.build(ImageSpec(1, size, size), Demands())
    seen = []
    for network in (generator, discriminator):
        for layer in network.modules():
            if isinstance(layer, ganzoo.nn.SelfAttention2d):
                layer.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[2:]))
    discriminator(generator(SMALL.latent.sample(2)))
    assert seen == [(size // 2, size // 2)] * 2


def test_attention_is_where_it_is_chosen_in_both_networks():
    small = SAGAN(SAGANOptions(latent_dim=8, base_channels=2, attention=(8, 32)))
    for network in small.build(ImageSpec(1, 64, 64), Demands()):
        layers = [m for m in network.modules() if isinstance(m, ganzoo.nn.SelfAttention2d)]
        assert len(layers) == 2


def test_attention_on_maps_that_one_network_lacks_is_refused():
    small = SAGAN(SAGANOptions(latent_dim=8, base_channels=2, attention=(64,)))
    with pytest.raises(Unsupported, match=r"whose sides are \[8, 16\] for .* 32 pixels, not on"):
        small.build(ImageSpec(1, 32, 32), Demands())


def test_weights_start_as_glorots_uniform_ones_gains_at_1_and_biases_at_0():
    """Variance 2 / (fan in + fan out) within five standard errors, and the distribution's ends."""
    torch.manual_seed(0)
    image = ImageSpec(3, 32, 32, num_classes=10)
    for network in SAGAN(SAGANOptions(base_channels=16)).build(image, LABELLED):
        for name, parameter in network.named_parameters():
            if name.endswith("gain.weight"):
                assert (parameter == 1).all()
            elif name.endswith(("bias", "bias.weight")):
                assert (parameter == 0).all()
            elif parameter.ndim > 1:
                fan_out, fan_in = parameter.shape[:2]
                area = parameter[0, 0].numel()
                variance = 2 / (area * (fan_in + fan_out))
                error = (0.8 / parameter.numel()) ** 0.5  # of a uniform variable's mean square
                assert abs(parameter.square().mean() / variance - 1) < 5 * error, name
                assert parameter.abs().max() <= (3 * variance) ** 0.5


@pytest.mark.parametrize("demands", [Demands(), LABELLED])
def test_its_default_constraint_normalizes_every_weight_but_the_gains_and_biases(demands):
    ((name, options),) = SAGAN().default_constraints().items()
    constraint = ganzoo.create("constraint", name, **options)
    for network in SMALL.build(ImageSpec(1, 32, 32, num_classes=3), demands):
        constraint.wrap(network)
        for key, layer in network.named_modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear, nn.Embedding)):
                of_norm = key.endswith((".gain", ".bias"))
                assert parametrize.is_parametrized(layer) is not of_norm, key


def test_the_score_has_no_projection_where_class_logits_are_demanded():
    image = ImageSpec(1, 32, 32, num_classes=3)
    demands = Demands(labels=True, outputs={"class_logits": Output("classes")})
    _, discriminator = SMALL.build(image, demands)
    images = torch.randn(2, 1, 32, 32)
    first, second = (discriminator(images, torch.full((2,), k)) for k in (0, 1))
    assert first["class_logits"].shape == (2, 3)
    assert torch.equal(first["scores"], second["scores"])


def test_standing_statistics_are_measured_over_its_own_fakes():
    torch.manual_seed(0)
    small = SAGAN(SAGANOptions(latent_dim=8, base_channels=2, standing_statistics=3))
    generator, _ = small.build(ImageSpec(1, 32, 32), Demands())
    drawn = [small.latent.sample(64) for _ in range(3)]
    batches = iter(drawn)
    small.settle(generator.eval(), lambda n: (next(batches)[:n],))

    # The first norm's input depends on no other norm.
    first = generator.blocks[0].norm1
    inputs = [generator.linear(z).view(64 * 16, -1) for z in drawn]
    torch.testing.assert_close(first.running_mean, torch.stack([x.mean(0) for x in inputs]).mean(0))
    torch.testing.assert_close(first.running_var, torch.stack([x.var(0) for x in inputs]).mean(0))


def test_its_training_settings_are_the_papers():
    assert SAGAN().settings() == {
        "n_critic": 1,
        "optimizer": "adam",
        "generator_lr": 1e-4,
        "discriminator_lr": 4e-4,
        "betas": (0.0, 0.9),
    }
