"""Promises of DCGAN."""

from __future__ import annotations

import pytest
import torch
from ganzoo_dcgan.architecture import DCGAN
from ganzoo_dcgan.options import DCGANOptions
from torch import nn

from ganzoo import Demands, ImageSpec, NormalLatent, Output, UniformLatent, Unsupported

SMALL = DCGAN(DCGANOptions(latent_dim=16, base_channels=4))
NORMS = (nn.BatchNorm2d, nn.GroupNorm)


def norms(network):
    return [type(m) for m in network.modules() if isinstance(m, NORMS)]


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n", [1, 3])
def test_every_size_and_number_of_channels_is_built(size, channels, n):
    generator, discriminator = SMALL.build(ImageSpec(channels, size, size), Demands())
    images = generator(SMALL.latent.sample(n))
    assert images.shape == (n, channels, size, size)
    assert images.abs().max() <= 1
    assert discriminator(images).shape == (n,)


@pytest.mark.parametrize("size", [(16, 32), (128, 16), (64, 32)])
def test_rectangles_are_built(size):
    generator, discriminator = SMALL.build(ImageSpec(1, *size), Demands())
    images = generator(SMALL.latent.sample(2))
    assert images.shape == (2, 1, *size)
    assert discriminator(images).shape == (2,)


@pytest.mark.parametrize(("size", "near"), [((28, 28), "32x32"), ((256, 256), "128x128")])
def test_a_size_it_cannot_build_is_refused_with_the_nearest_it_can(size, near):
    with pytest.raises(Unsupported, match=rf"not {size[0]}x{size[1]}; try size=\"?{near}"):
        SMALL.build(ImageSpec(1, *size), Demands())


@pytest.mark.parametrize(("own", "moved"), [(28, 32), (8, 16), (1, 16), (218, 128), (48, 32)])
def test_a_datasets_own_size_is_moved_to_the_nearest(own, moved):
    assert SMALL.natural_size(own, own) == (moved, moved)


@pytest.mark.parametrize(
    ("size", "channels"), [((16, 16), 32), ((32, 32), 32), ((32, 64), 64), ((64, 64), 64)]
)
def test_by_default_small_images_have_narrow_networks(size, channels):
    _, discriminator = DCGAN().build(ImageSpec(1, *size), Demands())
    assert discriminator.body[0].out_channels == channels
    asked = DCGAN(DCGANOptions(base_channels=5))
    assert asked.build(ImageSpec(1, *size), Demands()).discriminator.body[0].out_channels == 5


def test_weights_start_as_in_the_paper():
    torch.manual_seed(0)
    for network in DCGAN().build(ImageSpec(3, 64, 64), Demands()):
        for layer in network.modules():
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                count = layer.weight.numel()
                assert layer.weight.std().item() == pytest.approx(0.02, rel=5 / count**0.5)
                assert abs(layer.weight.mean()) < 0.1 / count**0.5
            if isinstance(layer, nn.BatchNorm2d):
                assert abs(layer.weight.mean() - 1) < 0.02
                assert not layer.bias.any()


def test_batch_norm_is_everywhere_but_at_the_generators_end_and_the_discriminators_start():
    generator, discriminator = SMALL.build(ImageSpec(1, 64, 64), Demands())
    assert norms(generator) == [nn.BatchNorm2d] * 4
    assert norms(discriminator) == [nn.BatchNorm2d] * 3
    assert [type(m) for m in generator.body][-2:] == [nn.ConvTranspose2d, nn.Tanh]
    assert [type(m) for m in discriminator.body][:2] == [nn.Conv2d, nn.LeakyReLU]


def test_batch_norm_has_its_usual_epsilon_and_momentum():
    """PyTorch-GAN writes BatchNorm2d(n, 0.8), which sets eps where momentum was meant."""
    for network in SMALL.build(ImageSpec(1, 32, 32), Demands()):
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                assert (layer.eps, layer.momentum) == (1e-5, 0.1)


def test_layer_norm_takes_its_place_where_batch_statistics_are_forbidden():
    demands = Demands(forbids_batch_statistics=True)
    generator, discriminator = SMALL.build(ImageSpec(3, 32, 32), demands)
    assert norms(generator) == [nn.BatchNorm2d] * 3
    assert norms(discriminator) == [nn.GroupNorm] * 2
    images = torch.randn(4, 3, 32, 32)
    torch.testing.assert_close(discriminator(images)[:1], discriminator(images[:1]))


def test_its_layer_norm_equals_torchs_over_channels_and_pixels():
    _, discriminator = SMALL.build(ImageSpec(1, 32, 32), Demands(forbids_batch_statistics=True))
    norm = next(m for m in discriminator.modules() if isinstance(m, nn.GroupNorm))
    x = torch.randn(2, norm.num_channels, 8, 8)
    plain = nn.functional.layer_norm(x, x.shape[1:])
    expected = plain * norm.weight.view(-1, 1, 1) + norm.bias.view(-1, 1, 1)
    torch.testing.assert_close(norm(x), expected)


def test_scores_end_in_a_linear_layer_without_an_activation():
    """torchgan puts a LeakyReLU on the final score, others a sigmoid."""
    _, discriminator = SMALL.build(ImageSpec(1, 32, 32), Demands())
    assert isinstance(discriminator.score, nn.Linear)
    with torch.no_grad():
        discriminator.score.weight.mul_(1e6)
        scores = discriminator(torch.randn(64, 1, 32, 32))
    assert scores.min() < -1
    assert scores.max() > 1


def test_labels_change_what_both_networks_put_out():
    spec, demands = ImageSpec(1, 16, 16, num_classes=3), Demands(labels=True)
    generator, discriminator = SMALL.build(spec, demands)
    z, images = SMALL.latent.sample(2), torch.randn(2, 1, 16, 16)
    first, second = torch.tensor([0, 0]), torch.tensor([1, 2])
    generator.eval()
    discriminator.eval()
    assert not torch.allclose(generator(z, first), generator(z, second))
    assert not torch.allclose(discriminator(images, first), discriminator(images, second))


def test_the_projection_is_the_inner_product_of_class_and_pooled_features():
    spec, demands = ImageSpec(1, 16, 16, num_classes=3), Demands(labels=True)
    _, discriminator = SMALL.build(spec, demands)
    discriminator.eval()
    images, labels = torch.randn(2, 1, 16, 16), torch.tensor([2, 0])
    features = discriminator.body(images)
    expected = discriminator.score(features.flatten(1)).flatten() + torch.einsum(
        "nc,nchw->n", discriminator.project.weight[labels], features
    ) / (features.shape[2] * features.shape[3])
    torch.testing.assert_close(discriminator(images, labels), expected)


def test_class_logits_are_given_and_do_not_depend_on_the_labels_given():
    spec = ImageSpec(1, 16, 16, num_classes=3)
    _, discriminator = SMALL.build(
        spec, Demands(labels=True, outputs={"class_logits": Output("classes")})
    )
    discriminator.eval()
    images = torch.randn(2, 1, 16, 16)
    outputs = [discriminator(images, torch.tensor(labels)) for labels in ([0, 0], [1, 2])]
    assert outputs[0]["class_logits"].shape == (2, 3)
    assert torch.equal(outputs[0]["class_logits"], outputs[1]["class_logits"])


def test_every_parameter_gets_a_gradient():
    spec = ImageSpec(3, 32, 32, num_classes=3)
    for demands in (
        Demands(),
        Demands(labels=True),
        Demands(labels=True, outputs={"class_logits": Output("classes")}),
    ):
        generator, discriminator = SMALL.build(spec, demands)
        labels = [torch.tensor([0, 1, 2])] if demands.labels else []
        out = discriminator(generator(SMALL.latent.sample(3), *labels), *labels)
        out = sum(v.sum() for v in out.values()) if isinstance(out, dict) else out.sum()
        out.backward()
        for network in (generator, discriminator):
            assert all(p.grad is not None for p in network.parameters())


def test_the_latent_is_normal_or_uniform():
    assert isinstance(DCGAN().latent, NormalLatent)
    assert isinstance(DCGAN(DCGANOptions(latent="uniform")).latent, UniformLatent)


def test_standing_statistics_are_those_of_the_fakes_and_keep_the_weights():
    torch.manual_seed(0)
    architecture = DCGAN(DCGANOptions(latent_dim=16, base_channels=4, standing_statistics=3))
    generator, _ = architecture.build(ImageSpec(1, 16, 16), Demands())
    generator.eval()
    weights = {name: value.clone() for name, value in generator.named_parameters()}
    drawn = [architecture.latent.sample(64) for _ in range(3)]
    batches = iter(drawn)
    architecture.settle(generator, lambda n: (next(batches)[:n],))

    # The first layer's input does not depend on batch norm.
    first = next(m for m in generator.modules() if isinstance(m, nn.BatchNorm2d))
    inputs = [generator.project(z).view(64, 4, 4, -1).flatten(0, 2) for z in drawn]
    assert torch.allclose(first.running_mean, torch.stack([x.mean(0) for x in inputs]).mean(0))
    variances = torch.stack([x.var(0) for x in inputs])
    assert torch.allclose(first.running_var, variances.mean(0))
    assert not generator.training
    assert all(torch.equal(weights[name], p) for name, p in generator.named_parameters())


def test_without_standing_statistics_the_generator_stays_as_it_is():
    generator, _ = SMALL.build(ImageSpec(1, 16, 16), Demands())
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    SMALL.settle(generator, lambda n: (SMALL.latent.sample(n),))
    assert all(torch.equal(before[name], v) for name, v in generator.state_dict().items())
