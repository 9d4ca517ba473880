"""Promises of both BigGANs' sizes, initialization, constraints and batch norm at rest."""

from __future__ import annotations

import pytest
import torch
from ganzoo_biggan.architecture import BigGAN, BigGANDeep
from ganzoo_biggan.options import BigGANDeepOptions, BigGANOptions
from torch import nn
from torch.nn.utils import parametrize

import ganzoo
from ganzoo import Demands, ImageSpec, Output, Unsupported

LABELLED = Demands(labels=True)


def biggan(**options):
    return BigGAN(BigGANOptions(**{"latent_dim": 8, "base_channels": 2} | options))


def deep(**options):
    return BigGANDeep(BigGANDeepOptions(**{"latent_dim": 8, "base_channels": 8} | options))


BOTH = pytest.mark.parametrize("make", [biggan, deep])


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def counts(architecture, image, demands=LABELLED):
    with torch.device("meta"):
        return tuple(map(count, architecture.build(image, demands)))


@BOTH
@pytest.mark.parametrize("size", [32, 64, 128, 256])
@pytest.mark.parametrize(("channels", "demands"), [(1, Demands()), (3, LABELLED)])
def test_every_size_is_built(make, size, channels, demands):
    small = make(base_channels=1)
    generator, discriminator = small.build(ImageSpec(channels, size, size, num_classes=3), demands)
    labels = [torch.tensor([0, 2])] if demands.labels else []
    images = generator(small.latent.sample(2), *labels)
    assert images.shape == (2, channels, size, size)
    assert images.abs().max() <= 1
    assert discriminator(images, *labels).shape == (2,)


@pytest.mark.parametrize(
    ("options", "size", "classes", "expected"),
    [
        ({"latent_dim": 80}, 32, 10, (9_416_196, 2_415_170)),
        ({}, 128, 1000, (70_433_988, 87_982_370)),
        ({"latent_dim": 100, "base_channels": 80}, 64, 200, (17_335_204, 30_796_722)),
    ],
)
def test_its_parameters_are_as_many_as_studiogans(options, size, classes, expected):
    """CIFAR-10, ImageNet and Tiny ImageNet, from the logs of StudioGAN."""
    image = ImageSpec(3, size, size, num_classes=classes)
    assert counts(BigGAN(BigGANOptions(**options)), image) == expected


def test_the_deep_ones_parameters_are_as_many_as_studiogans():
    """CIFAR-10, from its logs; of ImageNet the paper's table has 50.4 and 34.6 million."""
    small = BigGANDeep(BigGANDeepOptions(latent_dim=80, base_channels=96))
    assert counts(small, ImageSpec(3, 32, 32, num_classes=10)) == (4_599_876, 415_010)


def test_with_contragans_outputs_the_discriminators_are_as_many_as_studiogans():
    """From its log of ContraGAN for CIFAR-10: no projection, an embedding of 512 and proxies."""
    outputs = {"embedding": Output(512), "proxy": Output(512, of="label")}
    image = ImageSpec(3, 32, 32, num_classes=10)
    _, parameters = counts(BigGAN(), image, Demands(labels=True, outputs=outputs))
    assert parameters == 2_517_186


@BOTH
@pytest.mark.parametrize(("size", "near"), [((28, 28), 32), ((32, 64), 32), ((300, 500), 256)])
def test_a_size_it_cannot_build_is_refused_with_the_nearest_it_can(make, size, near):
    with pytest.raises(Unsupported, match=rf"not {size[0]}x{size[1]}; try size=\"?{near}"):
        make().build(ImageSpec(1, *size), Demands())
    assert make().natural_size(*size) == (near, near)


def test_a_z_with_fewer_entries_than_chunks_is_refused():
    with pytest.raises(
        Unsupported, match=r"6 chunks .* 128 pixels, and z has only 5 .* at least 6"
    ):
        biggan(latent_dim=5).build(ImageSpec(1, 128, 128), Demands())
    deep(latent_dim=1).build(ImageSpec(1, 128, 128), Demands())


@BOTH
@pytest.mark.parametrize(("size", "side"), [(32, 16), (64, 32), (128, 64), (256, 64)])
def test_attention_is_at_half_the_images_sides_and_at_64_for_256(make, size, side):
    small = make(base_channels=1)
    generator, discriminator = small.build(ImageSpec(1, size, size), Demands())
    seen = []
    for network in (generator, discriminator):
        for layer in network.modules():
            if isinstance(layer, ganzoo.nn.SelfAttention2d):
                layer.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[2:]))
    discriminator(generator(small.latent.sample(1).expand(2, -1)))
    assert seen == [(side, side)] * 2


@BOTH
def test_attention_can_be_left_out_and_is_refused_on_maps_that_do_not_exist(make):
    for network in make(attention=()).build(ImageSpec(1, 32, 32), Demands()):
        assert not any(isinstance(m, ganzoo.nn.SelfAttention2d) for m in network.modules())
    with pytest.raises(Unsupported, match=r"whose sides are \[8, 16\] for .* 32 pixels, not on"):
        make(attention=(32,)).build(ImageSpec(1, 32, 32), Demands())


@BOTH
def test_weights_start_orthogonal(make):
    torch.manual_seed(0)
    image = ImageSpec(3, 32, 32, num_classes=10)
    for network in make(base_channels=16).build(image, LABELLED):
        for name, parameter in network.named_parameters():
            if parameter.ndim > 1:
                rows = parameter.detach().flatten(1)
                rows = rows if len(rows) <= rows.shape[1] else rows.T
                torch.testing.assert_close(
                    rows @ rows.T, torch.eye(len(rows)), atol=1e-5, rtol=0, msg=name
                )
            elif name.endswith("bias"):
                assert (parameter == 0).all()


@pytest.mark.parametrize("name", ["normal", "glorot"])
def test_weights_start_as_chosen(name):
    torch.manual_seed(0)
    image = ImageSpec(3, 32, 32, num_classes=10)
    small = biggan(base_channels=16, initialization=name)
    for network in small.build(image, LABELLED):
        for key, parameter in network.named_parameters():
            if parameter.ndim < 2:
                continue
            fans = parameter[0, 0].numel() * sum(parameter.shape[:2])
            variance = 0.02**2 if name == "normal" else 2 / fans
            relative = (parameter.detach().square().mean() / variance).item()
            assert relative == pytest.approx(1, abs=5 * (2 / parameter.numel()) ** 0.5), key


@BOTH
@pytest.mark.parametrize("demands", [Demands(), LABELLED])
def test_its_default_constraint_normalizes_every_weight_but_the_shared_embedding(make, demands):
    ((name, options),) = make().default_constraints().items()
    assert options["eps"] == 1e-6
    constraint = ganzoo.create("constraint", name, **options)
    for network in make().build(ImageSpec(1, 32, 32, num_classes=3), demands):
        constraint.wrap(network)
        for key, layer in network.named_modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear, nn.Embedding)):
                assert parametrize.is_parametrized(layer) is (key != "codes.shared"), key


@BOTH
def test_standing_statistics_are_measured_over_its_own_fakes(make):
    torch.manual_seed(0)
    small = make(standing_statistics=3)
    generator, _ = small.build(ImageSpec(1, 32, 32, num_classes=3), LABELLED)
    drawn = [(small.latent.sample(64), torch.randint(3, (64,))) for _ in range(3)]
    batches = iter(drawn)
    small.settle(generator.eval(), lambda n: tuple(part[:n] for part in next(batches)))

    # The first norm's input depends on no other norm.
    first = generator.blocks[0].norm1.norm
    inputs = [generator.linear(generator.codes(*each)[0]).view(64 * 16, -1) for each in drawn]
    torch.testing.assert_close(first.running_mean, torch.stack([x.mean(0) for x in inputs]).mean(0))
    torch.testing.assert_close(first.running_var, torch.stack([x.var(0) for x in inputs]).mean(0))


@BOTH
def test_without_standing_statistics_the_generator_stays_as_it_is(make):
    generator, _ = make().build(ImageSpec(1, 32, 32), Demands())
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    make().settle(generator, lambda n: (make().latent.sample(n),))
    assert all(torch.equal(before[name], v) for name, v in generator.state_dict().items())


def test_the_defaults_are_the_papers():
    """Section 3 and table 1: z of 120 and 128, 96 and 128 channels, embeddings of 128."""
    assert (BigGAN().latent.latent_dim, BigGANDeep().latent.latent_dim) == (120, 128)
    assert (BigGAN().options.base_channels, BigGANDeep().options.base_channels) == (96, 128)
    assert BigGAN().options.embedding_dim == BigGANDeep().options.embedding_dim == 128
    assert BigGAN().settings() == BigGANDeep().settings()
    assert BigGAN().settings()["generator_lr"] == 5e-5
    assert BigGAN().settings()["discriminator_lr"] == 2e-4
    assert BigGAN().settings()["n_critic"] == 2
