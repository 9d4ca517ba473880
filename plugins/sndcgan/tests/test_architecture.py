"""Promises of SNDCGAN, against the paper's layer table written with sums over shifts."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from ganzoo_sndcgan.architecture import SNDCGAN
from ganzoo_sndcgan.options import SNDCGANOptions
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

import ganzoo
from ganzoo import Demands, ImageSpec, Output, Unsupported
from ganzoo.config import Layer
from ganzoo.run.plan import compose

LABELS = Demands(labels=True)
LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def sndcgan(**options):
    return SNDCGAN(SNDCGANOptions(**options))


def built(classes=0, size=(16, 24)):
    """Small networks in float64 with random biases, gains and statistics."""
    torch.manual_seed(0)
    image = ImageSpec(3, *size, num_classes=max(classes, 2))
    made = sndcgan(base_channels=2, latent_dim=5)
    networks = made.build(image, LABELS if classes else Demands())
    for network in networks:
        network.double()
        for parameter in network.parameters():
            parameter.data += 0.3 * torch.randn_like(parameter)
    return networks


def conv(x, layer):
    """Convolution as a sum over the shifts of the kernel, zero outside."""
    (kernel, stride), (height, width) = (layer.kernel_size[0], layer.stride[0]), x.shape[2:]
    padded = F.pad(x, (1, 1, 1, 1))
    out = layer.bias[:, None, None]
    for i in range(kernel):
        for j in range(kernel):
            rows = slice(i, i + height - kernel + 3, stride)
            columns = slice(j, j + width - kernel + 3, stride)
            window = padded[:, :, rows, columns]
            out = out + torch.einsum("oc,nchw->nohw", layer.weight[:, :, i, j], window)
    return out


def transposed_conv(x, layer):
    """Each input adds its copy of a 4x4 kernel at twice its position, less the padding of 1."""
    n, _, height, width = x.shape
    out = torch.zeros(n, layer.weight.shape[1], 2 * height + 2, 2 * width + 2, dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            spread = torch.einsum("nc,cokl->nokl", x[:, :, i, j], layer.weight)
            out[:, :, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += spread
    return out[:, :, 1:-1, 1:-1] + layer.bias[:, None, None]


def batch_norm(x, norm, labels):
    if labels is None:
        gain, bias = norm.weight[None], norm.bias[None]
    else:
        gain, bias = norm.gain.weight[labels], norm.bias.weight[labels]
    mean = x.mean((0, 2, 3), keepdim=True)
    variance = (x - mean).square().mean((0, 2, 3), keepdim=True)
    x = (x - mean) / (variance + 1e-5).sqrt()
    return x * gain[..., None, None] + bias[..., None, None]


@pytest.mark.parametrize("labels", [None, torch.tensor([2, 0, 2])])
def test_the_generator_is_the_papers(labels):
    generator, _ = built(classes=0 if labels is None else 3)
    z = torch.randn(3, 5, dtype=torch.float64)
    x = (z @ generator.project.weight.T + generator.project.bias).reshape(3, 2, 3, 16)
    x = x.permute(0, 3, 1, 2)
    for norm, layer in zip(generator.norms[:3], generator.convs[:3], strict=True):
        x = transposed_conv(batch_norm(x, norm, labels).relu(), layer)
    expected = conv(batch_norm(x, generator.norms[3], labels).relu(), generator.convs[3]).tanh()
    images = generator(z) if labels is None else generator(z, labels)
    assert images.shape == (3, 3, 16, 24)
    torch.testing.assert_close(images, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("labels", [None, torch.tensor([2, 0])])
def test_the_discriminator_is_the_papers(labels):
    _, discriminator = built(classes=0 if labels is None else 3)
    images = torch.randn(2, 3, 16, 24, dtype=torch.float64)
    layers = [layer for layer in discriminator.body if isinstance(layer, nn.Conv2d)]
    x = images
    for layer in layers:
        x = conv(x, layer)
        x = torch.where(x > 0, x, 0.1 * x)
    features, heads = x.flatten(1), discriminator.heads
    expected = features @ heads.score.weight[0] + heads.score.bias
    if labels is not None:
        expected = expected + (heads.embedding.weight[labels] * features).sum(1)
    scores = discriminator(images) if labels is None else discriminator(images, labels)
    torch.testing.assert_close(scores, expected, rtol=1e-9, atol=1e-9)


def test_the_layers_are_those_of_the_papers_table():
    generator, discriminator = sndcgan().build(ImageSpec(3, 32, 32), Demands())
    table = [
        (layer.out_channels, layer.kernel_size[0], layer.stride[0])
        for layer in discriminator.body
        if isinstance(layer, nn.Conv2d)
    ]
    assert table == [
        (64, 3, 1),
        (128, 4, 2),
        (128, 3, 1),
        (256, 4, 2),
        (256, 3, 1),
        (512, 4, 2),
        (512, 3, 1),
    ]
    assert discriminator.heads.score.in_features == 512 * 4 * 4
    assert generator.project.out_features == 512 * 4 * 4
    table = [(conv.out_channels, conv.kernel_size[0], conv.stride[0]) for conv in generator.convs]
    assert table == [(256, 4, 2), (128, 4, 2), (64, 4, 2), (3, 3, 1)]


def test_the_number_of_parameters_is_the_references_to_the_last_weight():
    """The generator's is that of StudioGAN's logs, whose first layer has no batch norm (2 x 512).

    The discriminator's is the sum over the paper's table.
    """
    with torch.device("meta"):
        generator, discriminator = sndcgan().build(ImageSpec(3, 32, 32), Demands())
    assert sum(p.numel() for p in generator.parameters()) == 3_812_355 + 2 * 512
    table = [(3, 64, 3), (64, 128, 4), (128, 128, 3), (128, 256, 4), (256, 256, 3)]
    table += [(256, 512, 4), (512, 512, 3)]
    convolutions = sum(o * i * k * k + o for i, o, k in table)
    expected = convolutions + 512 * 4 * 4 + 1
    assert sum(p.numel() for p in discriminator.parameters()) == expected == 5_860_865


@pytest.mark.parametrize("size", [(16, 16), (32, 32), (48, 48), (128, 128), (16, 40), (64, 24)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_and_number_of_channels_is_built(size, channels):
    made = sndcgan(base_channels=2, latent_dim=4)
    generator, discriminator = made.build(ImageSpec(channels, *size), Demands())
    images = generator(made.latent.sample(2))
    assert images.shape == (2, channels, *size)
    assert discriminator(images).shape == (2,)


@pytest.mark.parametrize(
    ("own", "near"), [((28, 28), "32"), ((8, 8), "16"), ((218, 178), "128"), ((20, 33), "24x32")]
)
def test_a_size_it_cannot_build_is_refused_with_the_nearest_it_can(own, near):
    with pytest.raises(Unsupported, match=rf"not {own[0]}x{own[1]}; try size=\"?{near}"):
        sndcgan().build(ImageSpec(1, *own), Demands())
    height, width = sndcgan().natural_size(*own)
    assert near in {f"{height}x{width}", f"{height}"}
    sndcgan(base_channels=1).build(ImageSpec(1, height, width), Demands())


@pytest.mark.parametrize(
    ("initialization", "spread"),
    [
        ("normal", lambda _: 0.02),
        ("glorot", lambda w: (2 / (w.shape[0] + w.shape[1]) / w[0, 0].numel()) ** 0.5),
    ],
)
def test_weights_have_their_standard_deviation_and_biases_start_at_0(initialization, spread):
    torch.manual_seed(0)
    made = sndcgan(initialization=initialization, base_channels=16)
    for network in made.build(ImageSpec(3, 32, 32, num_classes=4), LABELS):
        for layer in network.modules():
            if isinstance(layer, LAYERS):
                tolerance = 4 / layer.weight.numel() ** 0.5
                expected = pytest.approx(spread(layer.weight), rel=tolerance)
                assert layer.weight.std().item() == expected
                assert not layer.bias.any()
            if isinstance(layer, ganzoo.nn.ClassBatchNorm2d):
                assert (layer.gain.weight == 1).all()
                assert not layer.bias.weight.any()


def test_orthogonal_weights_are_orthogonal():
    networks = sndcgan(initialization="orthogonal", base_channels=4).build(
        ImageSpec(3, 32, 32, num_classes=4), LABELS
    )
    layers = [m for network in networks for m in network.modules() if isinstance(m, LAYERS)]
    for layer in [*layers, networks.discriminator.heads.embedding]:
        matrix = layer.weight.detach().flatten(1)
        matrix = matrix if len(matrix) <= matrix.shape[1] else matrix.T
        torch.testing.assert_close(matrix @ matrix.T, torch.eye(len(matrix)))


def test_every_demanded_output_is_given():
    outputs = {"class_logits": Output("classes"), "embedding": Output(7), "features": Output("any")}
    made = sndcgan(base_channels=2)
    image = ImageSpec(1, 16, 16, num_classes=3)
    _, discriminator = made.build(image, Demands(labels=True, outputs=outputs))
    given = discriminator(torch.randn(2, 1, 16, 16), torch.tensor([0, 2]))
    shapes = {name: tuple(value.shape) for name, value in given.items()}
    assert shapes == {
        "scores": (2,),
        "class_logits": (2, 3),
        "embedding": (2, 7),
        "features": (2, 64),
    }


def test_the_discriminator_is_spectrally_normalized_and_the_generator_is_not():
    tree = {"arch": {"name": "sndcgan", "base_channels": 2}, "loss": "bce", "data": "emoji"}
    plan = compose([Layer("test", tree | {"image": {"size": 16}})])
    images = [torch.zeros(3, 16, 16, dtype=torch.uint8)] * 4
    trainer = plan.trainer(ganzoo.ImageStore.from_dataset(images))
    normalized = [
        [is_parametrized(m, "weight") for m in network.modules() if isinstance(m, LAYERS)]
        for network in (trainer.generator, trainer.discriminator)
    ]
    assert normalized == [[False] * 5, [True] * 8]


@pytest.mark.parametrize(
    "options", [{"latent_dim": 0}, {"base_channels": 0}, {"initialization": "he"}]
)
def test_options_are_validated(options):
    with pytest.raises(ganzoo.UsageError):
        ganzoo.create("architecture", "sndcgan", **options)
