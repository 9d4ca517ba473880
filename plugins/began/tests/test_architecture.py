"""Promises of the architecture: an auto-encoder whose decoder is the generator's."""

from __future__ import annotations

import pytest
import torch
from ganzoo_began.architecture import BEGAN
from ganzoo_began.options import BEGANOptions
from torch import nn

import ganzoo
from ganzoo import Demands, ImageSpec, Output

PLAIN = Demands()


def built(size=32, channels=3, demands=PLAIN, **options):
    torch.manual_seed(0)
    image = ImageSpec(channels, size, size, num_classes=4)
    return BEGAN(BEGANOptions(**{"base_channels": 4, "latent_dim": 8} | options)).build(
        image, demands
    )


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("channels", [1, 3])
def test_the_score_is_minus_the_mean_absolute_error_of_each_image(channels):
    discriminator = built(channels=channels).discriminator
    images = torch.rand(3, channels, 32, 32) * 2 - 1
    reconstructions = discriminator.decoder(discriminator.encoder(images))
    expected = [
        -sum(
            abs(r - x) for r, x in zip(rec.flatten().tolist(), img.flatten().tolist(), strict=True)
        )
        / img.numel()
        for rec, img in zip(reconstructions, images, strict=True)
    ]
    assert discriminator(images).tolist() == pytest.approx(expected, rel=1e-5)


def convolution(inputs, outputs):
    return 9 * inputs * outputs + outputs


@pytest.mark.parametrize(("size", "steps"), [(16, 1), (32, 2), (64, 3)])
def test_parameters_are_those_of_the_layout(size, steps):
    """Counted by hand from the layout of the reference (carpedm20), n = 128 and z of 64 numbers.

    The fact sheet gives no count of parameters for it.
    """
    n, h = 128, 64
    generator, discriminator = built(size, base_channels=n, latent_dim=h)
    decoder = h * 64 * n + 64 * n + (steps + 1) * 2 * convolution(n, n) + convolution(n, 3)
    encoder, width = convolution(3, n), n
    for k in range(steps + 1):
        if k:
            encoder += convolution(width, width)  # stride 2
        encoder += convolution(width, n * (k + 1)) + convolution(n * (k + 1), n * (k + 1))
        width = n * (k + 1)
    encoder += 64 * width * h + h
    assert count(generator) == decoder
    assert count(discriminator) == encoder + decoder


def test_generator_and_decoder_have_the_same_layers():
    networks = built(64)
    shapes = [
        [p.shape for p in network.parameters()]
        for network in (networks.generator, networks.discriminator.decoder)
    ]
    assert shapes[0] == shapes[1]


def test_there_is_no_norm_and_images_are_clamped_in_evaluation_alone():
    generator, discriminator = built()
    norms = (nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm, nn.Tanh)
    assert not any(
        isinstance(m, norms) for net in (generator, discriminator) for m in net.modules()
    )
    with torch.no_grad():
        generator.body[-1].weight.mul_(100)
    z = torch.rand(4, 8)
    assert generator(z).abs().max() > 1
    images = generator.eval()(z)
    assert images.abs().max() == 1
    torch.testing.assert_close(images, generator.train()(z).clamp(-1, 1))


def test_scores_of_an_image_depend_on_that_image_alone():
    """So gradient penalties suit it."""
    discriminator = built(demands=Demands(forbids_batch_statistics=True)).discriminator
    images = torch.rand(5, 3, 32, 32)
    alone = torch.cat([discriminator(image[None]) for image in images])
    torch.testing.assert_close(discriminator(images), alone)


def test_its_features_are_the_code_and_the_class_enters_the_decoder():
    labels = torch.tensor([0, 1])
    demands = Demands(labels=True, outputs={"features": Output("any")})
    discriminator = built(demands=demands).discriminator
    outputs = discriminator(torch.rand(1, 3, 32, 32).expand(2, -1, -1, -1), labels)
    assert outputs["features"].shape == (2, 8)
    torch.testing.assert_close(*outputs["features"])
    assert outputs["scores"][0] != outputs["scores"][1]


def test_other_sizes_are_refused_with_the_nearest():
    with pytest.raises(ganzoo.Unsupported, match=r"16, 32, 64, 128 or 256 pixels.*28.*32x32"):
        built(28)


def test_weights_are_glorots_and_keep_their_scale():
    """Uniform with the variance 2 / (inputs + outputs)."""
    for network in built(32, base_channels=16, latent_dim=32):
        for layer in network.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                weight = layer.weight.detach()
                fans = (weight.shape[0] + weight.shape[1]) * weight[0, 0].numel()
                bound = (6 / fans) ** 0.5
                assert weight.abs().max() <= bound
                expected = bound / 3**0.5
                tolerance = 5 / weight.numel() ** 0.5
                assert weight.std().item() == pytest.approx(expected, rel=tolerance)
                assert not layer.bias.any()
