"""Promises of the ResNets: their sizes, their parameters, their constraints, what they refuse."""

from __future__ import annotations

import pytest
import torch
from ganzoo_resnet.architecture import ResNet
from ganzoo_resnet.options import ResNetOptions
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

import ganzoo
from ganzoo import Demands, ImageSpec, Output, Unsupported
from ganzoo.config import Layer
from ganzoo.run.plan import compose


def resnet(**options):
    return ResNet(ResNetOptions(**options))


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def shapes(side, **options):
    """Channels and side after the generator's first layer and after each block of both."""
    with torch.device("meta"):
        generator, discriminator = resnet(**options).build(ImageSpec(3, side, side), Demands())
        seen = {}
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            maps = seen[name] = []
            first = [network.first] if name == "discriminator" else []
            for block in [*first, *network.blocks]:
                block.register_forward_hook(lambda _, __, out, maps=maps: maps.append(out.shape))
        images = generator(torch.zeros(2, 128))
        assert images.shape == (2, 3, side, side)
        assert discriminator(images).shape == (2,)
    return {name: [tuple(shape[1:3]) for shape in maps] for name, maps in seen.items()}


@pytest.mark.parametrize(
    ("side", "generator", "discriminator"),
    [
        (32, [(256, 8), (256, 16), (256, 32)], [(128, 16), (128, 8), (128, 8), (128, 8)]),
        (
            48,
            [(256, 12), (128, 24), (64, 48)],
            [(64, 24), (128, 12), (256, 6), (512, 3), (1024, 3)],
        ),
        (
            64,
            [(512, 8), (256, 16), (128, 32), (64, 64)],
            [(64, 32), (128, 16), (256, 8), (512, 4), (1024, 2)],
        ),
        (
            128,
            [(1024, 8), (512, 16), (256, 32), (128, 64), (64, 128)],
            [(64, 64), (128, 32), (256, 16), (512, 8), (1024, 4), (1024, 4)],
        ),
        (
            256,
            [(1024, 8), (512, 16), (512, 32), (256, 64), (128, 128), (64, 256)],
            [(64, 128), (128, 64), (256, 32), (512, 16), (512, 8), (1024, 4), (1024, 4)],
        ),
    ],
)
def test_the_feature_maps_are_the_papers(side, generator, discriminator):
    assert shapes(side) == {"generator": generator, "discriminator": discriminator}


def test_wgan_gp_has_128_channels_throughout():
    assert shapes(32, variant="wgan-gp") == {
        "generator": [(128, 8), (128, 16), (128, 32)],
        "discriminator": [(128, 16), (128, 8), (128, 8), (128, 8)],
    }


LAYERS = (nn.Conv2d, nn.Linear)
LABELS = Demands(labels=True)
LOGITS = Demands(labels=True, outputs={"class_logits": Output("classes")})
STUDIOGAN = {"hidden_width": "output"}


@pytest.mark.parametrize(
    ("side", "classes", "demands", "options", "generator", "discriminator"),
    [
        # The sums of StudioGAN's training logs.
        (32, 10, Demands(), {}, 4_276_739, 1_053_825),
        (32, 10, Demands(), {"discriminator_norm": "batch"}, 4_276_739, 1_055_879),
        (32, 10, LABELS, {}, 4_304_387, 1_055_105),
        (32, 10, LABELS, {"discriminator_norm": "batch"}, 4_304_387, 1_057_159),
        (32, 10, LOGITS, {"discriminator_norm": "batch"}, 4_304_387, 1_057_169),
        (64, 200, LABELS, STUDIOGAN, 13_366_915, 19_747_521),
        (128, 1000, LABELS, STUDIOGAN, 41_996_931, 39_443_137),
        # By hand for WGAN-GP: linear 264,192; three blocks of 311,680 + 512 of batch norm; batch
        # norm 256; last convolution 3,459. Its critic is SNGAN's discriminator.
        (32, 10, Demands(), {"variant": "wgan-gp"}, 1_204_483, 1_053_825),
    ],
)
def test_the_number_of_parameters_is_the_references_to_the_last_weight(
    side, classes, demands, options, generator, discriminator
):
    with torch.device("meta"):
        image = ImageSpec(3, side, side, num_classes=classes)
        networks = resnet(**options).build(image, demands)
    assert (parameters(networks.generator), parameters(networks.discriminator)) == (
        generator,
        discriminator,
    )


def test_at_32_pixels_the_hidden_width_makes_no_difference():
    image = ImageSpec(3, 32, 32)
    narrow, wide = (
        resnet(hidden_width=width, base_channels=4).build(image, Demands()).discriminator
        for width in ("input", "output")
    )
    assert [p.shape for p in narrow.parameters()] == [p.shape for p in wide.parameters()]


@pytest.mark.parametrize(
    ("height", "width", "near", "variant"),
    [
        (28, 28, 32, "sngan"),
        (16, 16, 32, "sngan"),
        (42, 42, 48, "sngan"),
        (218, 178, 256, "sngan"),
        (500, 375, 256, "sngan"),
        (64, 64, 32, "wgan-gp"),
    ],
)
def test_a_size_it_cannot_build_is_refused_with_the_nearest_it_can(height, width, near, variant):
    made = resnet(variant=variant)
    assert made.natural_size(height, width) == (near, near)
    with pytest.raises(Unsupported, match=rf"pixels, not {height}x{width}; try size={near}"):
        made.build(ImageSpec(3, height, width), Demands())


def test_a_rectangle_is_refused():
    with pytest.raises(Unsupported, match="square images of 32, 48, 64, 128 or 256 pixels"):
        resnet().build(ImageSpec(3, 32, 64), Demands())


def test_wgan_gp_names_the_variant_for_larger_images():
    with pytest.raises(Unsupported, match="or variant = sngan, which builds larger ones"):
        resnet(variant="wgan-gp").build(ImageSpec(3, 64, 64), Demands())


def test_batch_norm_in_the_discriminator_is_refused_where_batch_statistics_are_forbidden():
    made = resnet(discriminator_norm="batch", base_channels=2)
    made.build(ImageSpec(3, 32, 32), Demands())
    with pytest.raises(Unsupported, match="choose discriminator_norm = layer or none"):
        made.build(ImageSpec(3, 32, 32), Demands(forbids_batch_statistics=True))


def test_every_demanded_output_is_given():
    demands = Demands(
        labels=True,
        outputs={
            "class_logits": Output("classes"),
            "embedding": Output(7),
            "proxy": Output(7, of="label"),
            "features": Output("any"),
        },
    )
    image = ImageSpec(1, 32, 32, num_classes=3)
    _, discriminator = resnet(base_channels=2).build(image, demands)
    outputs = discriminator(torch.randn(2, 1, 32, 32), torch.tensor([0, 2]))
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "scores": (2,),
        "class_logits": (2, 3),
        "embedding": (2, 7),
        "proxy": (2, 7),
        "features": (2, 4),
    }


def composed(**arch):
    tree = {"arch": {"name": "resnet", "base_channels": 2} | arch, "loss": "hinge"}
    return compose([Layer("test", tree | {"data": "emoji", "image": {"size": 32}})])


def test_every_layer_of_sngans_discriminator_is_spectrally_normalized_and_none_of_the_generator():
    images = [torch.zeros(3, 32, 32, dtype=torch.uint8)] * 4
    trainer = composed().trainer(ganzoo.ImageStore.from_dataset(images))
    normalized = [
        [is_parametrized(m, "weight") for m in network.modules() if isinstance(m, LAYERS)]
        for network in (trainer.generator, trainer.discriminator)
    ]
    assert normalized == [[False] * 11, [True] * 11]


def test_wgan_gps_critic_is_not_spectrally_normalized():
    assert composed().config.constraint.keys() == {"spectral-norm"}
    assert not composed(variant="wgan-gp").config.constraint


@pytest.mark.parametrize(
    "options", [{"latent_dim": 0}, {"base_channels": 0}, {"variant": "biggan"}, {"initial": "x"}]
)
def test_options_are_validated(options):
    with pytest.raises(ganzoo.UsageError):
        ganzoo.create("architecture", "resnet", **options)
