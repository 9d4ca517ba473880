"""Promises of FastGAN's networks, against the paper's sizes and formulas."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from ganzoo_fastgan.architecture import FastGAN
from ganzoo_fastgan.decoders import quadrant
from ganzoo_fastgan.layers import Excitation, Noise
from ganzoo_fastgan.options import FastGANOptions
from torch import nn

from ganzoo import Demands, ImageSpec, Output, Unsupported

SMALL = FastGAN(FastGANOptions(base_channels=4, latent_dim=8, span=8))

REBUILDS = Demands(outputs={"reconstruction": Output("own")})


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def built(side, demands=Demands(), channels=3, **options):  # noqa: B008  # frozen
    with torch.device("meta"):
        image = ImageSpec(channels, side, side, num_classes=3)
        return FastGAN(FastGANOptions(**options)).build(image, demands)


def convolutions(*shapes):
    """Weights of convolutions of (outputs, inputs, side of the kernel)."""
    return sum(outputs * inputs * side**2 for outputs, inputs, side in shapes)


def test_the_papers_generator_has_its_number_of_parameters():
    """29.1 million at 256 pixels: convolutions of the listed channels, norms, 2 for the noise."""
    generator, _ = built(256)
    weights = convolutions(
        (2048, 256, 4),
        *[(1024, 1024, 3), (1024, 512, 3), (512, 512, 3), (256, 256, 3), (256, 128, 3)],
        *[(256, 128, 3), (128, 128, 3), (128, 64, 3), (64, 64, 3)],
        *[(128, 1024, 4), (128, 128, 1), (64, 512, 4), (64, 64, 1), (32, 256, 4), (32, 32, 1)],
        (3, 32, 3),
    )
    norms = 2 * (2048 + 2 * 1024 + 512 + 2 * 256 + 256 + 2 * 128 + 64)
    assert parameters(generator) == weights + norms + 6 == 29_127_654


@pytest.mark.parametrize(
    ("side", "span", "gates"),
    [
        (1024, 16, {"64": "4", "128": "8", "256": "16", "512": "32"}),
        (256, 16, {"64": "4", "128": "8", "256": "16"}),
        (64, 16, {"64": "4"}),
        (32, 8, {"32": "4"}),
    ],
)
def test_coarse_maps_gate_maps_that_are_span_times_larger(side, span, gates):
    generator, _ = built(side, span=span)
    assert generator.sources == gates


def test_noise_and_a_second_convolution_are_at_every_second_size_unless_lite():
    generator, _ = built(512)
    noisy = [side for side, block in generator.blocks.items() if isinstance(block[2], Noise)]
    assert noisy == ["8", "32", "128", "512"]
    lite, _ = built(512, lite=True)
    assert not [m for m in lite.modules() if isinstance(m, Noise)]
    assert all(len(block) == 4 for block in lite.blocks.values())


@pytest.mark.parametrize("side", [32, 64, 128, 256, 512, 1024])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_gives_images_and_fifty_scores(side, channels):
    generator, discriminator = built(side, REBUILDS, channels, base_channels=2)
    with torch.device("meta"):
        images = generator(torch.randn(2, 256))
        outputs = discriminator(images)
    assert images.shape == (2, channels, side, side)
    assert outputs["scores"].shape == (2, 50)
    rebuilt = min(128, side // 2)
    assert outputs["reconstruction"].shape == (2, 3, channels, rebuilt, rebuilt)


@pytest.mark.parametrize(("size", "near"), [((28, 28), "32x32"), ((16, 64), "32x32")])
def test_a_size_it_cannot_build_is_refused_with_the_nearest_it_can(size, near):
    with pytest.raises(Unsupported, match=rf"not {size[0]}x{size[1]}; try size=\"?{near}"):
        SMALL.build(ImageSpec(1, *size), Demands())


def test_excitation_is_the_sigmoid_of_two_convolutions_of_the_pooled_map():
    torch.manual_seed(0)
    gate, x = Excitation(3, 5), torch.randn(2, 3, 8, 8)
    first, second = (m for m in gate.modules() if isinstance(m, nn.Conv2d))
    for n in range(2):
        tiles = [x[n, :, i : i + 2, j : j + 2] for i in range(0, 8, 2) for j in range(0, 8, 2)]
        pooled = torch.stack([tile.mean((1, 2)) for tile in tiles], 1)
        hidden = first.weight.flatten(1) @ pooled.flatten()
        swish = hidden / (1 + (-hidden).exp())
        expected = 1 / (1 + (-(second.weight[:, :, 0, 0] @ swish)).exp())
        torch.testing.assert_close(gate(x)[n, :, 0, 0], expected)


def test_the_fine_map_is_multiplied_by_its_gates():
    generator, _ = SMALL.build(ImageSpec(1, 32, 32), Demands())
    seen = {}
    for name, part in (("4", generator.first), *generator.blocks.items()):
        part.register_forward_hook(lambda *call, name=name: seen.update({name: call[2]}))
    images = generator(SMALL.latent.sample(2))
    gated = seen["32"] * generator.gates["32"](seen["4"])
    torch.testing.assert_close(images, generator.to_image(gated))


def test_noise_starts_silent_is_each_images_own_in_training_and_fixed_in_evaluation():
    noise, x = Noise(4), torch.randn(3, 5, 4, 4)
    assert torch.equal(noise(x), x)
    nn.init.constant_(noise.strength, 2.0)
    added = noise(x) - x
    assert not torch.allclose(added[0], added[1])
    torch.testing.assert_close(added, added[:, :1].expand_as(added))
    noise.eval()
    torch.testing.assert_close(noise(x), x + 2 * noise.fixed)


def test_an_image_in_evaluation_depends_on_its_z_alone():
    generator, _ = SMALL.build(ImageSpec(3, 32, 32), Demands())
    for module in generator.modules():
        if isinstance(module, Noise):
            nn.init.constant_(module.strength, 1.0)
    generator.eval()
    z = SMALL.latent.sample(4)
    torch.testing.assert_close(generator(z)[2:3], generator(z[2:3]))


def test_images_are_linear_in_training_and_clamped_in_evaluation():
    generator, _ = SMALL.build(ImageSpec(1, 32, 32), Demands())
    nn.init.constant_(generator.to_image.weight, 5.0)
    z = SMALL.latent.sample(8)
    assert generator(z).abs().max() > 1
    assert generator.eval()(z).abs().max() <= 1


def test_a_quadrant_is_the_corner_that_the_choice_names():
    x = torch.arange(4 * 2 * 6 * 4.0).view(4, 2, 6, 4)
    corners = quadrant(x, torch.tensor([0, 1, 2, 3]))
    expected = [x[0, :, :3, :2], x[1, :, :3, 2:], x[2, :, 3:, :2], x[3, :, 3:, 2:]]
    torch.testing.assert_close(corners, torch.stack(expected))


def test_decoders_are_compared_with_the_image_that_the_discriminator_sees():
    """With silent decoders, tanh(0) = 0: what is left is the negative of each target."""
    torch.manual_seed(0)
    _, discriminator = SMALL.build(ImageSpec(3, 64, 64), REBUILDS)
    for decoder in (m for m in discriminator.decoders.children()):
        nn.init.zeros_(decoder[-2].weight)
    images = torch.rand(6, 3, 64, 64)
    differences = -discriminator(images)["reconstruction"]
    half = F.interpolate(images, scale_factor=0.5, mode="area")
    torch.testing.assert_close(differences[:, 0], half)
    torch.testing.assert_close(differences[:, 1], half)
    for image, part in zip(images, differences[:, 2], strict=True):
        corners = [image[:, i : i + 32, j : j + 32] for i in (0, 32) for j in (0, 32)]
        assert sum(torch.allclose(part, corner) for corner in corners) == 1


def test_there_are_decoders_only_where_they_are_demanded():
    _, discriminator = SMALL.build(ImageSpec(1, 32, 32), Demands())
    assert discriminator.decoders is None
    assert discriminator(torch.randn(2, 1, 32, 32)).shape == (2, 50)


def test_the_class_moves_all_scores_of_an_image_by_its_projection():
    spec = ImageSpec(1, 32, 32, num_classes=3)
    demands = Demands(labels=True, outputs={"features": Output("any")})
    _, discriminator = SMALL.build(spec, demands)
    discriminator.eval()
    images = torch.randn(2, 1, 32, 32)
    first, second = (discriminator(images, torch.tensor(y)) for y in ([0, 0], [1, 2]))
    rows = discriminator.embed.weight
    moved = torch.stack([rows[1] - rows[0], rows[2] - rows[0]])
    expected = (moved * first["features"]).sum(1, keepdim=True).expand(-1, 50)
    torch.testing.assert_close(second["scores"] - first["scores"], expected)


def test_weights_start_as_in_the_paper():
    torch.manual_seed(0)
    for network in FastGAN(FastGANOptions(base_channels=8)).build(ImageSpec(3, 64, 64), REBUILDS):
        for layer in network.modules():
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                count = layer.weight.numel()
                assert layer.weight.std().item() == pytest.approx(0.02, rel=5 / count**0.5)
                assert layer.bias is None


def test_layer_norm_takes_the_place_of_batch_norm_where_batch_statistics_are_forbidden():
    demands = Demands(forbids_batch_statistics=True) | REBUILDS
    _, discriminator = SMALL.build(ImageSpec(3, 32, 32), demands)
    assert not [m for m in discriminator.modules() if isinstance(m, nn.BatchNorm2d)]
    images = torch.randn(3, 3, 32, 32)
    both, alone = discriminator(images)["scores"], discriminator(images[:1])["scores"]
    torch.testing.assert_close(both[:1], alone)
