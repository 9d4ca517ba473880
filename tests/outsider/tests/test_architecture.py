"""Promises of the nocturne architecture."""

from __future__ import annotations

import pytest
import torch
from nocturne_gan.architecture import Nocturne, waves
from nocturne_gan.options import NocturneOptions

from ganzoo import Demands, ImageSpec, Output

SMALL = Nocturne(NocturneOptions(latent_dim=6, width=8, blocks=2, frequencies=3))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (2, 1, 1), (3, 9, 20)])
@pytest.mark.parametrize("n", [1, 3])
def test_images_of_any_shape_come_out_in_range(shape, n):
    generator, discriminator = SMALL.build(ImageSpec(*shape), Demands())
    images = generator(SMALL.latent.sample(n))
    assert images.shape == (n, *shape)
    assert images.abs().max() <= 1
    assert discriminator(images).shape == (n,)


def test_a_score_does_not_depend_on_the_other_images():
    _, discriminator = SMALL.build(ImageSpec(3, 16, 16), Demands(forbids_batch_statistics=True))
    images = torch.randn(4, 3, 16, 16)
    torch.testing.assert_close(discriminator(images)[:1], discriminator(images[:1]))


def test_labels_change_what_both_networks_put_out():
    spec = ImageSpec(3, 8, 8, num_classes=4)
    generator, discriminator = SMALL.build(spec, Demands(labels=True))
    z, images = SMALL.latent.sample(2), torch.randn(2, 3, 8, 8)
    first, second = torch.tensor([0, 1]), torch.tensor([2, 3])
    assert not torch.allclose(generator(z, first), generator(z, second))
    assert not torch.allclose(discriminator(images, first), discriminator(images, second))


def test_class_logits_are_given_without_a_look_at_the_labels():
    spec = ImageSpec(3, 8, 8, num_classes=4)
    _, discriminator = SMALL.build(
        spec, Demands(labels=True, outputs={"class_logits": Output("classes")})
    )
    images = torch.randn(2, 3, 8, 8)
    out = [discriminator(images, torch.tensor(labels)) for labels in ([0, 0], [1, 2])]
    assert out[0]["class_logits"].shape == (2, 4)
    assert torch.equal(out[0]["class_logits"], out[1]["class_logits"])
    assert torch.equal(out[0]["scores"], out[1]["scores"])


@pytest.mark.parametrize(
    "demands",
    [
        Demands(),
        Demands(labels=True),
        Demands(labels=True, outputs={"class_logits": Output("classes")}),
    ],
)
def test_every_parameter_gets_a_gradient(demands):
    generator, discriminator = SMALL.build(ImageSpec(3, 8, 8, num_classes=3), demands)
    labels = [torch.tensor([0, 1, 2])] if demands.labels else []
    out = discriminator(generator(SMALL.latent.sample(3), *labels), *labels)
    sum(v.sum() for v in (out.values() if isinstance(out, dict) else [out])).backward()
    for network in (generator, discriminator):
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_a_gradient_penalty_can_be_taken():
    _, discriminator = SMALL.build(ImageSpec(3, 8, 8), Demands(forbids_batch_statistics=True))
    images = torch.randn(2, 3, 8, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(discriminator(images).sum(), images, create_graph=True)
    gradient.square().sum().backward()
    assert discriminator.enter.weight.grad.abs().sum() > 0


def test_no_two_pixels_have_the_same_place():
    places = waves(12, 7, 4).flatten(2)[0].T
    assert len(places.unique(dim=0)) == 12 * 7
    assert places.abs().max() <= 1
