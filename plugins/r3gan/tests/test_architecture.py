"""Promises of R3GAN's networks, against the paper's sizes and loops written from its formulas."""

from __future__ import annotations

import math
import tomllib
from importlib import resources

import pytest
import torch
import torch.nn.functional as F
from ganzoo_r3gan.architecture import R3GAN
from ganzoo_r3gan.blocks import Block, grow, initialize
from ganzoo_r3gan.options import R3GANOptions
from torch import nn

import ganzoo
from ganzoo import Demands, ImageSpec, Output, Unsupported

SMALL = R3GAN(R3GANOptions(base_channels=16, latent_dim=8, wide_until=8))


def parameters(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("recipe", "classes", "expected"),
    [
        ("r3gan-cifar10", 10, (20_781_952, 21_280_512)),
        ("r3gan-ffhq64", 0, (22_429_824, 22_381_440)),
        ("r3gan-ffhq256", 0, (23_057_952, 23_009_568)),
        ("r3gan-imagenet32", 1000, (82_914_304, 86_548_992)),
        ("r3gan-imagenet64", 1000, (103_570_432, 107_205_120)),
    ],
)
def test_the_papers_networks_have_their_numbers_of_parameters(recipe, classes, expected):
    """In millions 20.78 / 21.28, 22.43 / 22.38, 23.06 / 23.01, 82.9 / 86.5, 103.6 / 107.2."""
    config = tomllib.loads((resources.files("ganzoo_r3gan") / f"recipes/{recipe}.toml").read_text())
    side, options = config["image"]["size"], config["arch"]
    assert options.pop("name") == "r3gan"
    with torch.device("meta"):
        networks = R3GAN(R3GANOptions(**options)).build(
            ImageSpec(3, side, side, num_classes=classes), Demands(labels=classes > 0)
        )
    assert tuple(map(parameters, networks)) == expected


def test_ffhq_256_has_the_papers_widths_and_cardinalities():
    with torch.device("meta"):
        networks = R3GAN().build(ImageSpec(3, 256, 256), Demands())
    stages = [*[(768, 96)] * 4, (384, 48), (192, 24), (96, 12)]
    twice = [stage for stage in stages for _ in range(2)]
    for network, expected in zip(networks, (twice, twice[::-1]), strict=True):
        blocks = [m for m in network.modules() if isinstance(m, Block)]
        assert [(b.reduce.out_channels, b.mix.groups) for b in blocks] == expected


@pytest.mark.parametrize("size", [(8, 8), (16, 16), (64, 64), (16, 32)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_and_number_of_channels_is_built(size, channels):
    generator, discriminator = SMALL.build(ImageSpec(channels, *size), Demands())
    images = generator(SMALL.latent.sample(2))
    assert images.shape == (2, channels, *size)
    assert discriminator(images).shape == (2,)


@pytest.mark.parametrize(("size", "near"), [((28, 28), "32x32"), ((4, 3000), "8x1024")])
def test_a_size_it_cannot_build_is_refused_with_the_nearest_it_can(size, near):
    with pytest.raises(Unsupported, match=rf"not {size[0]}x{size[1]}; try size=\"?{near}"):
        SMALL.build(ImageSpec(1, *size), Demands())


def test_a_block_equals_a_loop_over_its_groups():
    torch.manual_seed(0)
    block, x = Block(12, 8), torch.randn(2, 12, 5, 6)
    assert block.mix.groups == 3
    inner = torch.einsum("oi,nihw->nohw", block.expand.weight[:, :, 0, 0], x)
    inner = torch.where(inner + block.expand.bias.view(-1, 1, 1) > 0, 1.0, 0.2) * (
        inner + block.expand.bias.view(-1, 1, 1)
    )
    mixed = torch.empty_like(inner)
    for k in range(3):
        rows = slice(8 * k, 8 * k + 8)
        mixed[:, rows] = F.conv2d(
            inner[:, rows], block.mix.weight[rows], block.mix.bias[rows], padding=1
        )
    mixed = torch.maximum(mixed, 0.2 * mixed)
    expected = x + torch.einsum("oi,nihw->nohw", block.reduce.weight[:, :, 0, 0], mixed)
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize(
    ("width", "group_channels", "groups"), [(768, 16, 96), (1, 16, 1), (12, 16, 1), (20, 16, 2)]
)
def test_groups_have_the_wanted_channels_or_a_few_more(width, group_channels, groups):
    assert Block(width, group_channels).mix.groups == groups


def test_branches_start_at_zero_and_their_layers_as_in_fixup():
    """sigma = sqrt(2 / (1 + 0.2^2)) L^(-1/4) / sqrt(fan_in), L blocks in the whole network."""
    torch.manual_seed(0)
    generator, _ = R3GAN(R3GANOptions(base_channels=256)).build(ImageSpec(3, 32, 32), Demands())
    blocks = [m for m in generator.modules() if isinstance(m, Block)]
    gain = math.sqrt(2 / 1.04) * len(blocks) ** -0.25
    for block in blocks:
        assert not block.reduce.weight.any()
        for layer, fan_in in ((block.expand, 256), (block.mix, 16 * 9)):
            count = layer.weight.numel()
            expected = pytest.approx(gain / fan_in**0.5, rel=4 / count**0.5)
            assert layer.weight.std().item() == expected
            assert not layer.bias.any()


def test_it_starts_as_the_basis_scaled_resampled_and_projected():
    generator, _ = SMALL.build(ImageSpec(3, 8, 8), Demands())
    z = SMALL.latent.sample(2)
    scale = z @ generator.modulate.weight.T
    coarse = torch.einsum("nc,chw->nchw", scale, generator.basis)
    fine = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
    expected = torch.einsum("oc,nchw->nohw", generator.to_image.weight[:, :, 0, 0], fine)
    torch.testing.assert_close(generator(z), expected)


def test_images_of_a_fresh_generator_have_about_unit_variance():
    torch.manual_seed(0)
    wide = R3GAN(R3GANOptions(base_channels=64))
    generator, _ = wide.build(ImageSpec(3, 32, 32), Demands())
    assert 0.2 < generator(wide.latent.sample(16)).std() < 1.5


def taps(x):
    """[1, 3, 3, 1] / 8 along the rows and columns of a map, at every second pixel, by loops."""
    weights, (height, width) = (1, 3, 3, 1), x.shape
    out = torch.zeros(height // 2, width // 2)
    for i in range(height // 2):
        for j in range(width // 2):
            for k, row in enumerate(weights):
                for m, column in enumerate(weights):
                    y, z = 2 * i + k - 1, 2 * j + m - 1
                    if 0 <= y < height and 0 <= z < width:
                        out[i, j] += row * column / 64 * x[y, z]
    return out


def test_halving_is_the_filter_of_the_paper_on_each_channel():
    x = torch.randn(1, 2, 6, 8)
    halved = ganzoo.nn.Downsample()(x)
    torch.testing.assert_close(halved[0], torch.stack([taps(x[0, 0]), taps(x[0, 1])]))


def test_doubling_is_the_transpose_of_halving_inside_the_borders():
    x = torch.randn(1, 1, 6, 6)
    (double,) = grow(3, 3)
    halve = torch.autograd.functional.jacobian(ganzoo.nn.Downsample(), torch.zeros(1, 1, 12, 12))
    expected = 4 * torch.einsum("abijcdkl,abij->cdkl", halve, x)
    torch.testing.assert_close(double(x)[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1])


def test_there_is_no_normalization():
    for network in SMALL.build(ImageSpec(1, 16, 16), Demands()):
        assert not [m for m in network.modules() if "Norm" in type(m).__name__]


def test_images_are_clamped_in_evaluation_alone():
    generator, _ = SMALL.build(ImageSpec(1, 8, 8), Demands())
    nn.init.constant_(generator.to_image.weight, 5.0)
    z = SMALL.latent.sample(64)
    assert generator(z).abs().max() > 1
    torch.testing.assert_close(generator.eval()(z), generator.train()(z).clamp(-1, 1))


def test_the_conditional_score_is_a_product_of_embedding_and_features():
    spec = ImageSpec(1, 8, 8, num_classes=3)
    _, discriminator = SMALL.build(spec, Demands(labels=True))
    images, labels = torch.randn(2, 1, 8, 8), torch.tensor([2, 0])
    h = discriminator.features(discriminator.body(discriminator.from_image(images)))[:, :, 0, 0]
    embedded = F.one_hot(labels, 3).float() @ discriminator.embed.weight
    expected = torch.einsum("nc,nc->n", embedded, h @ discriminator.score.weight.T)
    torch.testing.assert_close(discriminator(images, labels), expected)


def test_a_class_embedding_starts_as_a_linear_map_of_one_hot_vectors():
    torch.manual_seed(0)
    spec = ImageSpec(1, 8, 8, num_classes=400)
    generator, discriminator = R3GAN(R3GANOptions(base_channels=64)).build(
        spec, Demands(labels=True)
    )
    assert generator.embed.weight.std().item() == pytest.approx(400**-0.5, rel=0.03)
    assert discriminator.embed.weight.std().item() == pytest.approx((400 * 64) ** -0.5, rel=0.03)


def test_class_logits_come_beside_a_score_without_the_label():
    spec = ImageSpec(1, 8, 8, num_classes=3)
    demands = Demands(labels=True, outputs={"class_logits": Output("classes")})
    _, discriminator = SMALL.build(spec, demands)
    images = torch.randn(2, 1, 8, 8)
    first, second = (discriminator(images, torch.tensor(labels)) for labels in ([0, 0], [1, 2]))
    assert first["class_logits"].shape == (2, 3)
    assert torch.equal(first["scores"], second["scores"])


def test_initialization_shrinks_with_depth():
    torch.manual_seed(0)
    shallow, deep = (initialize(Block(256, 16), blocks) for blocks in (1, 16))
    ratio = shallow.expand.weight.std() / deep.expand.weight.std()
    assert ratio.item() == pytest.approx(2, rel=0.02)
