"""Promises of StyleGAN2's networks, its latent and its penalties."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from ganzoo_stylegan2.architecture import StyleGAN2
from ganzoo_stylegan2.discriminator import MinibatchDeviation
from ganzoo_stylegan2.latent import StyleLatent
from ganzoo_stylegan2.options import StyleGAN2Options
from torch import nn

import ganzoo
from ganzoo import Demands, ImageSpec, Output, Unsupported

TINY = {"latent_dim": 8, "style_dim": 6, "mapping_layers": 2, "channel_base": 128}
TINY |= {"channel_max": 8}
IMAGE = ImageSpec(3, 16, 16)
PLAIN, LABELLED = Demands(), Demands(labels=True)
R1 = Demands(forbids_batch_statistics=True)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def architecture(**options):
    return StyleGAN2(StyleGAN2Options(**{**TINY, **options}))


def networks(image=IMAGE, demands=PLAIN, **options):
    return architecture(**options).build(image, demands)


def z_of(n=4):
    return torch.randn(n, 8, generator=torch.Generator().manual_seed(1))


def away_from_its_start(network):
    """Noise strengths, biases and w_avg that are not zero."""
    for name, parameter in network.named_parameters():
        if name.endswith(("bias", "noise_strength")):
            nn.init.normal_(parameter, parameter.mean().item(), 0.5)
    return network


# --- Sizes


@pytest.mark.parametrize(
    ("size", "options", "generator", "discriminator"),
    [
        (1024, {}, 30.37, 29.01),
        (256, {"channel_base": 16384}, 24.77, 24.00),
        (32, {"mapping_layers": 2, "discriminator": "plain"}, 19.95, 20.72),
        (64, {"channel_base": 16384, "mapping_layers": 2}, 22.24, 23.41),
    ],
    ids=["config F", "paper256", "cifar", "auto at 64 pixels"],
)
def test_parameters_are_as_many_as_in_the_authors_networks(size, options, generator, discriminator):
    """In millions. Config F is the paper's (table 1 has 30.37 M); no sheet gives single weights."""
    with torch.device("meta"):
        both = StyleGAN2(StyleGAN2Options(**options)).build(ImageSpec(3, size, size), Demands())
    counts = [sum(p.numel() for p in network.parameters()) / 1e6 for network in both]
    assert [round(count, 2) for count in counts] == [generator, discriminator]


def test_config_f_has_the_authors_parameters_to_the_last_weight():
    """Written out by hand from figure 7 and table 1 of the paper's layers."""
    with torch.device("meta"):
        generator, discriminator = StyleGAN2().build(ImageSpec(3, 1024, 1024), Demands())

    # Generator: each layer has an affine map of w, kernels, a bias and a strength of noise.
    widths = [512, 512, 512, 512, 512, 256, 128, 64, 32]
    mapping = 8 * (512 * 512 + 512)
    layers = [(512, 512)]
    for wide, narrow in pairwise(widths):
        layers += [(wide, narrow), (narrow, narrow)]
    styled = sum(512 * i + i + 9 * i * o + o + 1 for i, o in layers)
    rgb = sum(512 * i + i + 3 * i + 3 for i in widths)
    expected = mapping + 16 * 512 + styled + rgb
    assert sum(p.numel() for p in generator.parameters()) == expected

    # Discriminator.
    blocks = sum(9 * i * i + i + 9 * i * o + o + i * o for i, o in pairwise(widths[::-1]))
    end = 9 * 513 * 512 + 512 + 16 * 512 * 512 + 512 + 512 + 1
    assert sum(p.numel() for p in discriminator.parameters()) == 3 * 32 + 32 + blocks + end


def test_a_small_one_has_as_many_as_the_developers_sheet_says():
    options = {"latent_dim": 128, "style_dim": 128, "mapping_layers": 2}
    options |= {"channel_base": 2048, "channel_max": 128}
    both = StyleGAN2(StyleGAN2Options(**options)).build(ImageSpec(3, 32, 32), Demands())
    counts = [sum(p.numel() for p in network.parameters()) / 1e6 for network in both]
    assert [round(count, 2) for count in counts] == [1.05, 1.15]


@pytest.mark.parametrize("size", [(8, 8), (32, 32), (16, 64)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n", [1, 3])
def test_every_size_and_number_of_channels_is_built(size, channels, n):
    generator, discriminator = networks(ImageSpec(channels, *size))
    images = generator(z_of(n))
    assert images.shape == (n, channels, *size)
    assert discriminator(images).shape == (n,)
    doublings = min(size).bit_length() - 3
    assert generator.mapping(z_of(n)).shape == (n, 2 * doublings + 2, 6)


@pytest.mark.parametrize(("size", "near"), [((28, 28), "32x32"), ((2048, 4), "1024x8")])
def test_a_size_it_cannot_build_is_refused_with_the_nearest_it_can(size, near):
    with pytest.raises(Unsupported, match=rf"not {size[0]}x{size[1]}; try size=\"?{near}"):
        networks(ImageSpec(1, *size))


# --- Initialization


def test_images_and_scores_have_a_size_of_about_one_at_initialization():
    generator, discriminator = StyleGAN2(StyleGAN2Options(channel_max=64)).build(
        ImageSpec(3, 32, 32), Demands()
    )
    with torch.no_grad():
        w = generator.mapping(torch.randn(64, 512))
        images = generator(torch.randn(64, 512))
        scores = discriminator(torch.randn(64, 3, 32, 32))
    assert w.square().mean().item() == pytest.approx(1, abs=0.6)
    assert 0.3 < images.std() < 5
    assert scores.std() < 3


def test_weights_start_standard_normal_styles_at_one_and_noise_at_zero():
    generator, discriminator = networks(channel_max=64, channel_base=1024)
    for name, parameter in [*generator.named_parameters(), *discriminator.named_parameters()]:
        if name.endswith("bias"):
            expected = 1 if name.endswith("style.bias") else 0
            assert (parameter == expected).all(), name
        elif name.endswith("noise_strength"):
            assert parameter == 0
        elif parameter.numel() > 1000:
            spread = 100 if "mapping.network.layers" in name else 1
            assert parameter.std().item() == pytest.approx(spread, rel=0.1), name


# --- Generator


def test_images_are_the_sum_of_the_rgb_of_all_resolutions_each_by_its_own_style():
    """Toy blocks by hand: the k-th block uses styles 2k-1, 2k, 2k+1, and ToRGB shares its own."""
    generator, _ = networks()
    synthesis = away_from_its_start(generator).synthesis.train()
    w = torch.randn(2, 6, 6)
    for layer in [synthesis.first, *(c for b in synthesis.blocks for c in (b.conv0, b.conv1))]:
        nn.init.zeros_(layer.noise_strength)
    x = synthesis.first(synthesis.constant.expand(2, -1, -1, -1), w[:, 0])
    images = synthesis.first_rgb(x, w[:, 1])
    for k, block in enumerate(synthesis.blocks):
        x = block.conv1(block.conv0(x, w[:, 2 * k + 1]), w[:, 2 * k + 2])
        images = block.upsample(images) + block.to_rgb(x, w[:, 2 * k + 3])
    assert k == 1
    torch.testing.assert_close(synthesis(w), images)


def test_images_are_linear_in_training_and_clamped_in_evaluation():
    generator, _ = networks(style_mixing=0.0)
    with torch.no_grad():
        generator.synthesis.first_rgb.bias.fill_(5)
    assert generator(z_of()).max() > 1
    assert generator.eval()(z_of()).max() == 1


def test_noise_is_drawn_for_each_image_in_training_and_is_a_buffer_in_evaluation():
    generator = away_from_its_start(networks(style_mixing=0.0)[0])
    z = z_of(1).expand(2, -1)
    with torch.no_grad():
        first, second = generator(z)
        assert not torch.allclose(first, second)
        first, second = generator.eval()(z)
        torch.testing.assert_close(first, second)
        layer = generator.synthesis.first
        x, w = torch.randn(2, 8, 4, 4), torch.randn(2, 6)
        with_noise = layer(x, w)
        layer.noise.neg_()
        expected = torch.nn.functional.leaky_relu(
            layer.conv(x, w) + layer.noise_strength * layer.noise + layer.bias[:, None, None], 0.2
        )
        torch.testing.assert_close(layer(x, w), 2**0.5 * expected)
        assert not torch.allclose(layer(x, w), with_noise)


def test_the_mean_of_w_follows_the_batches_of_training_alone():
    generator, _ = networks(w_avg_decay=0.9, style_mixing=0.0)
    z = torch.randn(5, 8)
    expected = generator.mapping(z)[:, 0].detach().mean(0)
    torch.testing.assert_close(generator.mapping.w_avg, expected)  # no share of zero
    for _ in range(3):
        z = torch.randn(5, 8)
        expected = 0.9 * expected + 0.1 * generator.mapping(z)[:, 0].detach().mean(0)
    torch.testing.assert_close(generator.mapping.w_avg, expected)
    generator.eval()(z_of())
    torch.testing.assert_close(generator.mapping.w_avg, expected)


def test_style_mixing_takes_the_last_layers_of_a_second_z_from_a_uniform_layer_on():
    mapping = networks(style_mixing=0.9)[0].mapping
    starts = []
    with torch.no_grad():
        for _ in range(1000):
            w = mapping(z_of(2))
            own = (w == w[:, :1]).all(2)
            assert own[0].equal(own[1])
            assert own[0].long().diff().max() <= 0
            starts.append(own[0].sum().item())
    counts = torch.bincount(torch.tensor(starts), minlength=7).tolist()
    assert counts[0] == 0
    assert counts[6] / 1000 == pytest.approx(0.1, abs=0.04)
    assert [count / 1000 for count in counts[1:6]] == pytest.approx([0.18] * 5, abs=0.05)


def test_styles_are_not_mixed_in_evaluation_or_if_switched_off():
    for mapping in (networks()[0].mapping.eval(), networks(style_mixing=0.0)[0].mapping):
        w = mapping(z_of())
        assert (w == w[:, :1]).all()


@pytest.mark.parametrize("image", [ImageSpec(1, 8, 8, 3), ImageSpec(1, 8, 8, 0, ganzoo.Vector(5))])
def test_classes_and_vectors_reach_images_and_scores(image):
    generator, discriminator = networks(image, LABELLED)
    labels = torch.tensor([0, 1]) if image.num_classes else torch.randn(2, 5)
    images = generator.eval()(z_of(1).expand(2, -1), labels)
    assert not torch.allclose(images[0], images[1])
    scores = discriminator(images[:1].expand(2, -1, -1, -1), labels)
    assert scores[0] != scores[1]


def test_a_conditional_score_is_the_inner_product_with_a_mapping_of_the_label():
    _, discriminator = networks(ImageSpec(1, 8, 8, 3), LABELLED)
    heads, features, labels = discriminator.heads, torch.randn(3, 8), torch.tensor([2, 0, 1])
    directions = []
    for label in labels:
        own = heads.label_mapping.embed(torch.eye(3)[label][None])
        x = own / own.square().mean().sqrt()
        for layer in heads.label_mapping.layers:
            x = 2**0.5 * torch.nn.functional.leaky_relu(layer(x), 0.2)
        directions.append(x[0])
    expected = [(heads.score(f) @ d) / 8**0.5 for f, d in zip(features, directions, strict=True)]
    torch.testing.assert_close(heads(features, labels), torch.stack(expected), rtol=1e-4, atol=1e-5)


def test_demanded_outputs_are_given_and_class_logits_leave_the_score_without_label():
    outputs = {"class_logits": Output("classes"), "embedding": Output(7), "features": Output("any")}
    demands = Demands(labels=True, outputs=outputs)
    _, discriminator = networks(ImageSpec(1, 8, 8, 3), demands)
    images = torch.randn(3, 1, 8, 8)
    first = discriminator(images, torch.tensor([0, 1, 2]))
    second = discriminator(images, torch.tensor([1, 2, 0]))
    shapes = {name: tuple(value.shape) for name, value in first.items()}
    expected = {"scores": (3,), "class_logits": (3, 3), "embedding": (3, 7), "features": (3, 8)}
    assert shapes == expected
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_both_networks_run_without_values():
    """On `meta`, where ganzoo lists their layers: at 1024 pixels values would take minutes."""
    generator, discriminator = (network.to("meta").eval() for network in networks())
    assert discriminator(generator(z_of().to("meta"))).shape == (len(z_of()),)


# --- Latent


def test_truncation_moves_w_towards_its_mean_and_leaves_z_alone():
    generator = networks()[0]
    generator(z_of(64))  # moves w_avg
    latent, center = architecture().latent, generator.eval().mapping.w_avg
    drawn = [
        latent.sample(3, generator=torch.Generator().manual_seed(0), truncation=psi)
        for psi in (None, 0.5)
    ]
    assert torch.equal(*drawn)
    z = z_of()
    with torch.no_grad():
        w = generator.mapping(z)
        expected = generator.synthesis(center + 0.7 * (w - center))
        torch.testing.assert_close(latent.images(generator, z, truncation=0.7), expected)
        torch.testing.assert_close(latent.images(generator, z, truncation=1.0), generator(z))
        assert torch.equal(latent.images(generator, z), generator(z))


def test_truncation_zero_is_the_image_of_the_mean_w_for_every_z():
    generator = networks()[0]
    generator(z_of(64))
    generator.eval()
    with torch.no_grad():
        images = architecture().latent.images(generator, z_of(), truncation=0.0)
        mean = generator.synthesis(generator.mapping.w_avg.expand(1, 6, -1))
    torch.testing.assert_close(images, mean.expand_as(images))


def test_a_generator_that_was_never_trained_has_no_mean_to_truncate_to():
    with pytest.raises(ganzoo.UsageError, match="truncation=0.5 moves w .* was never trained"):
        architecture().latent.images(networks()[0].eval(), z_of(), truncation=0.5)


def test_a_cutoff_truncates_the_first_layers_alone():
    generator = networks()[0]
    generator(z_of(64))
    generator.eval()
    latent = architecture(truncation_cutoff=2).latent
    z = z_of()
    with torch.no_grad():
        w = generator.mapping(z).clone()
        w[:, :2] = generator.mapping.w_avg
        expected = generator.synthesis(w)
        torch.testing.assert_close(latent.images(generator, z, truncation=0.0), expected)
    assert repr(latent) == "StyleLatent(8, cutoff=2)"
    assert isinstance(latent, StyleLatent)


# --- Penalties


def test_r1_is_allowed_beside_the_minibatch_deviation_which_really_mixes_images():
    _, discriminator = networks(demands=R1)
    assert any(isinstance(layer, MinibatchDeviation) for layer in discriminator.modules())
    images = torch.randn(4, 3, 16, 16)
    alone, beside = discriminator(images), discriminator(torch.cat([images[:1], 3 * images[1:]]))
    assert alone[0] != beside[0]
    assert not any(
        isinstance(layer, MinibatchDeviation) for layer in networks(minibatch_group=0)[1].modules()
    )


def test_parameter_gradient_of_r1_equals_finite_differences_in_float64():
    discriminator = away_from_its_start(networks(ImageSpec(1, 8, 8))[1]).double()
    penalty = ganzoo.create("penalty", "r1")
    real = ganzoo.Batch(torch.randn(4, 1, 8, 8, dtype=torch.float64))
    value = lambda: penalty.penalty(lambda b: discriminator(b.images), real, real)  # noqa: E731
    check_slope(value, discriminator)


def test_parameter_gradient_of_path_length_equals_finite_differences_in_float64():
    generator = away_from_its_start(networks(ImageSpec(1, 8, 8))[0]).double()
    z = z_of().double()

    def value():
        torch.manual_seed(5)
        penalty = ganzoo.create("penalty", "path-length").double()
        penalty.mean.fill_(0.1)
        generate = lambda z, labels: generator(z)  # noqa: E731
        fake = ganzoo.Fakes(torch.zeros(4, 1, 8, 8).double(), z=z, generate=generate)
        return penalty.penalty(generator, None, fake, None)

    check_slope(value, generator)


def check_slope(value, network, step=1e-7):
    """The slope along a random direction of all parameters is the central difference."""
    parameters = list(network.parameters())
    directions = [torch.randn_like(p) for p in parameters]
    gradients = torch.autograd.grad(value(), parameters, allow_unused=True)
    pairs = zip(gradients, directions, strict=True)
    analytic = sum((g * d).sum().item() for g, d in pairs if g is not None)
    values = []
    for move in (step, -2 * step):
        with torch.no_grad():
            torch._foreach_add_(parameters, directions, alpha=move)
        values.append(value().item())
    assert analytic == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4)
    assert analytic


# --- Training


def trainer_of(grad_accum_steps=1):
    torch.manual_seed(0)
    image = ImageSpec(1, 8, 8, num_classes=3)
    own = architecture()
    pictures = torch.randint(0, 256, (24, 1, 8, 8), dtype=torch.uint8)
    generator, discriminator = own.build(image, R1 | LABELLED)
    return ganzoo.Trainer(
        generator=away_from_its_start(generator),
        discriminator=discriminator,
        loss="bce",
        data=ganzoo.ImageStore.from_dataset([(x, k % 3) for k, x in enumerate(pictures)]),
        latent=own.latent,
        penalties={"r1": {"interval": 2}, "path-length": {"interval": 2}},
        conditional=True,
        batch_size=8,
        grad_accum_steps=grad_accum_steps,
        reuse_fakes=False,
        device="cpu",
        precision="fp32",
    )


@pytest.mark.parametrize("grad_accum_steps", [1, 2])
def test_a_resumed_training_is_equal_to_the_bit(grad_accum_steps):
    """4 steps are 2 steps and 2 more, with both lazy penalties, classes and mixed styles."""
    whole, first, second = (trainer_of(grad_accum_steps) for _ in range(3))
    whole.fit(4)
    first.fit(2)
    second.load_state_dict(first.state_dict())
    second.fit(4)
    for network in ("generator", "discriminator"):
        state = getattr(whole, network).state_dict()
        for name, value in getattr(second, network).state_dict().items():
            assert torch.equal(state[name], value), name
    assert whole.generator.mapping.w_avg.any()
