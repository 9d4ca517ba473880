"""Promises of the perceptrons."""

from __future__ import annotations

import pytest
import torch
from ganzoo_vanilla.architecture import Vanilla
from ganzoo_vanilla.options import VanillaOptions
from torch import nn

from ganzoo import Demands, ImageSpec, Output

SMALL = Vanilla(VanillaOptions(latent_dim=8, width=16, depth=2))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 24), (2, 1, 1)])
@pytest.mark.parametrize("n", [1, 5])
def test_any_image_shape_is_built(shape, n):
    generator, discriminator = SMALL.build(ImageSpec(*shape), Demands())
    images = generator.eval()(SMALL.latent.sample(n))
    assert images.shape == (n, *shape)
    assert images.abs().max() <= 1
    assert discriminator(images).shape == (n,)


def test_the_discriminator_keeps_images_apart_and_ends_without_a_sigmoid():
    _, discriminator = SMALL.build(ImageSpec(1, 8, 8), Demands(forbids_batch_statistics=True))
    images = torch.randn(4, 1, 8, 8)
    torch.testing.assert_close(discriminator(images)[:1], discriminator(images[:1]))
    assert isinstance(discriminator.score, nn.Linear)
    assert discriminator(1000 * images).abs().max() > 1


def test_labels_change_what_both_networks_put_out():
    spec, demands = ImageSpec(1, 8, 8, num_classes=3), Demands(labels=True)
    generator, discriminator = SMALL.build(spec, demands)
    z, images = SMALL.latent.sample(2), torch.randn(2, 1, 8, 8)
    first, second = torch.tensor([0, 0]), torch.tensor([1, 2])
    generator.eval()
    assert not torch.allclose(generator(z, first), generator(z, second))
    assert not torch.allclose(discriminator(images, first), discriminator(images, second))


def test_class_logits_are_given_and_do_not_depend_on_the_labels_given():
    spec = ImageSpec(1, 8, 8, num_classes=3)
    _, discriminator = SMALL.build(
        spec, Demands(labels=True, outputs={"class_logits": Output("classes")})
    )
    images = torch.randn(2, 1, 8, 8)
    outputs = [discriminator(images, torch.tensor(labels)) for labels in ([0, 0], [1, 2])]
    assert outputs[0]["class_logits"].shape == (2, 3)
    assert torch.equal(outputs[0]["class_logits"], outputs[1]["class_logits"])
    assert torch.equal(outputs[0]["scores"], outputs[1]["scores"])


def test_depth_and_width_are_what_was_asked_for():
    generator, _ = SMALL.build(ImageSpec(1, 8, 8), Demands())
    layers = [m for m in generator.modules() if isinstance(m, nn.Linear)]
    assert [layer.out_features for layer in layers] == [16, 16, 64]
