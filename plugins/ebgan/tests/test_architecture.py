"""Promises of the architecture: an auto-encoder whose score is minus its error."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from ganzoo_ebgan.architecture import EBGAN
from ganzoo_ebgan.options import EBGANOptions
from torch import nn

import ganzoo
from ganzoo import Demands, ImageSpec, Output

PLAIN = Demands()


def built(size=32, channels=3, demands=PLAIN, **options):
    torch.manual_seed(0)
    image = ImageSpec(channels, size, size, num_classes=4)
    return EBGAN(EBGANOptions(**{"base_channels": 4, "latent_dim": 8} | options)).build(
        image, demands
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_the_score_is_minus_the_mean_squared_error_of_each_image(channels):
    discriminator = built(channels=channels).discriminator.eval()
    images = torch.rand(3, channels, 32, 32) * 2 - 1
    reconstructions = discriminator.decoder(discriminator.expand(discriminator.encoder(images)))
    assert reconstructions.shape == images.shape
    expected = [
        -sum(
            (r - x) ** 2
            for r, x in zip(rec.flatten().tolist(), img.flatten().tolist(), strict=True)
        )
        / img.numel()
        for rec, img in zip(reconstructions, images, strict=True)
    ]
    assert discriminator(images).tolist() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("size", "code"), [(16, (4, 8, 8)), (32, (8, 8, 8)), (64, (16, 8, 8))])
def test_the_code_has_a_side_of_8(size, code):
    discriminator = built(size).discriminator
    numbers = discriminator.encoder(torch.zeros(2, 3, size, size))
    assert discriminator.expand(numbers).shape == (2, *code)
    assert numbers.numel() == 2 * math.prod(code)


@pytest.mark.parametrize("code_dim", [1, 32])
def test_the_code_may_be_shorter_and_is_the_features(code_dim):
    demands = Demands(outputs={"features": Output("any")})
    discriminator = built(code_dim=code_dim, demands=demands).discriminator.eval()
    outputs = discriminator(torch.rand(2, 3, 32, 32))
    assert outputs["features"].shape == (2, code_dim)
    assert outputs["scores"].shape == (2,)


def test_at_64_pixels_its_channels_are_64_128_256_128_64_3():
    discriminator = built(64, base_channels=64).discriminator
    layers = [m for m in discriminator.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    assert [m.out_channels for m in layers] == [64, 128, 256, 128, 64, 3]
    assert all(m.kernel_size == (4, 4) and m.stride == (2, 2) for m in layers)


def test_its_features_are_the_code():
    demands = Demands(outputs={"features": Output("any")})
    discriminator = built(demands=demands).discriminator.eval()
    images = torch.rand(2, 3, 32, 32)
    features = discriminator(images)["features"]
    torch.testing.assert_close(features, discriminator.encoder(images))


def test_the_class_enters_the_score_by_the_code_and_no_output():
    labels = torch.tensor([0, 1])
    discriminator = built(demands=Demands(labels=True)).discriminator.eval()
    images = torch.rand(1, 3, 32, 32).expand(2, -1, -1, -1)
    first, second = discriminator(images, labels)
    assert first != second
    logits = Demands(labels=True, outputs={"class_logits": Output("classes")})
    plain = built(demands=logits).discriminator.eval()
    outputs = plain(images, labels)
    assert outputs["scores"][0] == outputs["scores"][1]
    assert outputs["class_logits"].shape == (2, 4)


def test_other_sizes_are_refused_with_the_nearest():
    with pytest.raises(ganzoo.Unsupported, match=r"16, 32, 64 or 128 pixels, not 28x28.*32x32"):
        built(28)


def test_weights_are_normal_with_deviation_0_02_and_biases_zero():
    for network in built(64, base_channels=16, code_dim=32):
        for layer in network.modules():
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                weight = layer.weight.detach()
                assert weight.std().item() == pytest.approx(
                    0.02, rel=5 / (2 * weight.numel()) ** 0.5
                )
                assert layer.bias is None or not layer.bias.any()


@pytest.mark.parametrize("code_dim", [None, 32])
def test_parameters_are_those_of_the_layout(code_dim):
    """Counted by hand at 64 pixels with 64 channels; the fact sheet gives no count."""
    generator, discriminator = built(64, base_channels=64, latent_dim=100, code_dim=code_dim)
    up = [512, 256, 128, 64]
    maps = sum(16 * a * b for a, b in pairwise(up)) + 2 * sum(up)
    count = sum(p.numel() for p in generator.parameters())
    assert count == 100 * 512 * 16 + maps + (16 * 64 * 3 + 3)

    ends = (16 * 3 * 64 + 64) + (16 * 64 * 3 + 3)
    inner = 2 * 16 * (64 * 128 + 128 * 256) + 2 * (128 + 256) + 2 * (128 + 64)
    code = 256 * 8 * 8
    bottleneck = 0 if code_dim is None else 2 * code * code_dim + code_dim + code
    assert sum(p.numel() for p in discriminator.parameters()) == ends + inner + bottleneck
