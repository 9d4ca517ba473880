"""The networks against the paper's tables."""

from __future__ import annotations

import pytest
import torch
from ganzoo_pix2pix.architecture import Pix2Pix
from ganzoo_pix2pix.options import Pix2PixOptions
from torch import nn

import ganzoo

TRANSLATION = ganzoo.Demands(labels=True)


def networks(size=(32, 32), *, given=1, made=3, demands=TRANSLATION, **options) -> ganzoo.Networks:
    """Networks that make images of pictures; small unless `base_channels` says otherwise."""
    image = ganzoo.ImageSpec(made, *size, condition=ganzoo.Picture(given))
    return Pix2Pix(Pix2PixOptions(**({"base_channels": 4} | options))).build(image, demands)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def kernels(pairs: list[tuple[int, int]]) -> int:
    """Weights of 4x4 convolutions."""
    return sum(16 * a * b for a, b in pairs)


def test_the_generator_has_the_parameters_of_the_papers_table():
    """C64-C128-C256-C512 x 5, then CD512-CD1024-CD1024-C1024-C1024-C512-C256-C128, in channels that
    a layer receives and its skip connection adds; no norm in the first and the last layer down."""
    generator = networks((256, 256), given=3, base_channels=64, norm="batch").generator
    down = [(3, 64), (64, 128), (128, 256), (256, 512), *[(512, 512)] * 4]
    up = [(512, 512), *[(1024, 512)] * 3, (1024, 256), (512, 128), (256, 64), (128, 3)]
    normed = [128, 256, *[512] * 4, *[512] * 4, 256, 128, 64]
    biases = 64 + 512 + 3  # of the layers without a norm
    assert count(generator) == kernels(down + up) + 2 * sum(normed) + biases
    assert count(generator) == pytest.approx(54.41e6, rel=1e-3)  # as published implementations have


def test_the_discriminator_has_the_parameters_of_the_papers_table():
    """C64-C128-C256-C512 on both pictures together, then one channel."""
    discriminator = networks((256, 256), given=3, base_channels=64, norm="batch").discriminator
    layers = [(6, 64), (64, 128), (128, 256), (256, 512), (512, 1)]
    assert count(discriminator) == kernels(layers) + 2 * (128 + 256 + 512) + 64 + 1
    assert count(discriminator) == pytest.approx(2.769e6, rel=1e-3)


SIZES = {(32, 32): 5, (64, 64): 6, (96, 96): 5, (128, 64): 6, (256, 256): 8, (512, 512): 8}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("given", "made"), [(1, 3), (3, 1), (2, 5)])
def test_the_generator_halves_a_picture_as_often_as_its_size_allows(size, given, made):
    generator, discriminator = networks(size, given=given, made=made)
    strided = [m for m in generator.modules() if isinstance(m, nn.Conv2d)]
    assert len(strided) == SIZES[size]
    images = generator(torch.zeros(2, 1), torch.zeros(2, given, *size))
    assert images.shape == (2, made, *size)
    scores = discriminator(images, torch.zeros(2, given, *size))
    assert scores.shape == (2, 1, size[0] // 8 - 2, size[1] // 8 - 2)


def test_256_pixels_have_900_scores_of_patches():
    """30 x 30, as the authors' code gives."""
    _, discriminator = networks((256, 256))
    assert (
        discriminator(torch.zeros(1, 3, 256, 256), torch.zeros(1, 1, 256, 256))[0, 0].numel() == 900
    )


@pytest.mark.parametrize("patch", [1, 16, 34, 70, 142, 286])
def test_a_score_depends_on_a_patch_of_that_side_and_on_no_pixel_more(patch):
    """By the gradient of one score in the middle: the pixels where it is not zero."""
    side = 384
    discriminator = networks((side, side), patch=patch).discriminator
    for layer in discriminator.modules():  # no norm, which looks at the whole map
        for name, child in layer.named_children():
            if isinstance(child, nn.InstanceNorm2d):
                setattr(layer, name, nn.Identity())
    discriminator.double()
    images = torch.randn(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    picture = torch.randn(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    scores = discriminator(images, picture)
    middle = scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2]
    for gradient in torch.autograd.grad(middle, (images, picture)):
        rows, columns = gradient[0].abs().amax(0).nonzero().T
        assert rows.max() - rows.min() + 1 == patch
        assert columns.max() - columns.min() + 1 == patch


def test_the_skip_connections_carry_what_the_deepest_layer_cannot():
    """With the deepest map cut off, the image still depends on each pixel of the picture."""
    generator = networks((32, 32)).generator.eval()
    generator.down[-1].register_forward_hook(lambda layer, inputs, output: 0 * output)
    picture = torch.randn(1, 1, 32, 32, requires_grad=True)
    images = generator(torch.zeros(1, 1), picture)
    (gradient,) = torch.autograd.grad(images.square().sum(), picture)
    assert (gradient != 0).all()


def test_dropout_is_in_the_three_deepest_layers_up_and_only_in_training():
    generator = networks((256, 256)).generator
    dropped = [any(isinstance(m, nn.Dropout) for m in layer) for layer in generator.up]
    assert dropped == [True, True, True, False, False, False, False]
    picture = torch.randn(2, 1, 256, 256)
    z = torch.zeros(2, 1)
    with torch.no_grad():
        assert not torch.equal(generator(z, picture), generator(z, picture))
        generator.eval()
        assert torch.equal(generator(z, picture), generator(z, picture))
        assert torch.equal(generator(z, picture), generator(z + 1, picture))
    assert not [m for m in networks(dropout=0).generator.modules() if isinstance(m, nn.Dropout)]


def norms(network: nn.Module) -> set[type]:
    kinds = (nn.BatchNorm2d, nn.InstanceNorm2d)
    return {type(layer) for layer in network.modules() if isinstance(layer, kinds)}


def test_batch_norm_is_an_option_that_a_gradient_penalty_overrules_in_the_discriminator():
    assert [norms(n) for n in networks()] == [{nn.InstanceNorm2d}] * 2
    assert [norms(n) for n in networks(norm="batch")] == [{nn.BatchNorm2d}] * 2
    strict = ganzoo.Demands(labels=True, forbids_batch_statistics=True)
    generator, discriminator = networks(norm="batch", demands=strict)
    assert norms(generator) == {nn.BatchNorm2d}
    assert norms(discriminator) == {nn.InstanceNorm2d}


def test_instance_norm_is_batch_norm_of_one_image():
    """The paper's networks use batch norm and batches of one image."""
    batch, instance = (networks((64, 64), norm=norm, dropout=0) for norm in ("batch", "instance"))
    picture = torch.randn(1, 1, 64, 64)
    for one, other in zip(batch, instance, strict=True):
        other.load_state_dict(one.state_dict(), strict=False)
    images = [n.generator(torch.zeros(1, 1), picture) for n in (batch, instance)]
    torch.testing.assert_close(*images, rtol=1e-4, atol=1e-5)
    scores = [n.discriminator(images[0], picture) for n in (batch, instance)]
    torch.testing.assert_close(*scores, rtol=1e-4, atol=1e-5)


def test_weights_are_drawn_from_a_normal_distribution_of_deviation_002():
    torch.manual_seed(0)
    for network in networks((64, 64), base_channels=64):
        convolutions = [
            m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))
        ]
        drawn = torch.cat([m.weight.detach().flatten() for m in convolutions])
        assert drawn.std().item() == pytest.approx(0.02, rel=0.01)
        assert drawn.mean().abs() < 1e-4
        assert all(not m.bias.any() for m in convolutions if m.bias is not None)


def test_other_outputs_are_computed_from_all_patches():
    wanted = {"embedding": ganzoo.Output(7), "features": ganzoo.Output("any")}
    demands = ganzoo.Demands(labels=True, outputs=wanted)
    discriminator = networks(demands=demands).discriminator
    outputs = discriminator(torch.randn(2, 3, 32, 32), torch.randn(2, 1, 32, 32))
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    assert shapes == {"scores": (2, 1, 2, 2), "embedding": (2, 7), "features": (2, 32)}


@pytest.mark.parametrize(
    ("size", "options", "message"),
    [
        ((48, 64), {}, r"multiples of 32 pixels, not 48x64; try size=\(64, 64\)"),
        ((16, 16), {}, r"not 16x16; try size=\(32, 32\)"),
        ((32, 32), {"patch": 142}, r"32x32 are too small for patches of 142 .* at most 70"),
        ((64, 256), {"patch": 286}, r"64x256 are too small for patches of 286 .* at most 142"),
    ],
)
def test_a_size_that_cannot_be_built_names_one_that_can(size, options, message):
    with pytest.raises(ganzoo.Unsupported, match=message):
        networks(size, **options)


@pytest.mark.parametrize(
    ("image", "demands"),
    [
        (ganzoo.ImageSpec(3, 32, 32, condition=ganzoo.Picture(1)), ganzoo.Demands()),
        (ganzoo.ImageSpec(3, 32, 32, num_classes=10), TRANSLATION),
        (ganzoo.ImageSpec(3, 32, 32, condition=ganzoo.Vector(4)), TRANSLATION),
        (ganzoo.ImageSpec(3, 32, 32), ganzoo.Demands()),
    ],
    ids=lambda value: str(value),
)
def test_without_a_picture_to_translate_it_says_what_it_needs(image, demands):
    with pytest.raises(ganzoo.Unsupported, match=r"needs a dataset of pairs, and conditional=True"):
        Pix2Pix().build(image, demands)


@pytest.mark.parametrize(
    ("own", "near"), [((28, 28), (32, 32)), ((300, 200), (288, 192)), ((5, 256), (32, 256))]
)
def test_the_natural_size_is_the_nearest_multiple_of_32(own, near):
    assert Pix2Pix().natural_size(*own) == near
