"""The networks of SAGAN, against an implementation from the papers' formulas in plain tensors."""

from __future__ import annotations

import pytest
import torch
from ganzoo_sagan.architecture import SAGAN
from ganzoo_sagan.options import SAGANOptions

from ganzoo import Demands, ImageSpec

OPTIONS = SAGANOptions(latent_dim=6, base_channels=4)


def built(demands, size=32):
    """Networks in float64 whose every parameter is random, so that none hides another."""
    torch.manual_seed(0)
    networks = SAGAN(OPTIONS).build(ImageSpec(3, size, size, num_classes=3), demands)
    for network in networks:
        network.double()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return networks


def conv(x, layer):
    """A convolution as a sum over its window: no call of torch's."""
    weight, size = layer.weight, layer.weight.shape[-1]
    pad = size // 2
    n, c, h, w = x.shape
    padded = x.new_zeros(n, c, h + 2 * pad, w + 2 * pad)
    padded[:, :, pad : pad + h, pad : pad + w] = x
    out = 0 if layer.bias is None else layer.bias[:, None, None]
    for i in range(size):
        for j in range(size):
            out = out + torch.einsum(
                "nchw,oc->nohw", padded[:, :, i : i + h, j : j + w], weight[:, :, i, j]
            )
    return out


def normalized(x):
    mean = x.mean((0, 2, 3), keepdim=True)
    variance = (x - mean).square().mean((0, 2, 3), keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def batch_norm(x, layer, labels):
    """Class-conditional, image by image; or with one gain and bias for all."""
    if labels is None:
        gains, biases = [layer.weight] * len(x), [layer.bias] * len(x)
    else:
        gains = [layer.gain.weight[label] for label in labels]
        biases = [layer.bias.weight[label] for label in labels]
    rows = zip(normalized(x), gains, biases, strict=True)
    return torch.stack([row * g[:, None, None] + b[:, None, None] for row, g, b in rows])


def doubled(x):
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def halved(x):
    n, c, h, w = x.shape
    return x.view(n, c, h // 2, 2, w // 2, 2).mean((3, 5))


def relu(x):
    return x.clamp(min=0)


def attention(x, layer):
    """Equation 1 and figure 2 of the paper, position by position."""
    n, _, h, w = x.shape
    query, key, value = (conv(x, part) for part in (layer.query, layer.key, layer.value))
    key, value = (
        part.view(n, -1, h // 2, 2, w // 2, 2).amax((3, 5)).flatten(2) for part in (key, value)
    )
    out = torch.zeros(n, value.shape[1], h, w, dtype=x.dtype)
    for i in range(h):
        for j in range(w):
            s = torch.einsum("nc,ncp->np", query[:, :, i, j], key)
            beta = s.exp() / s.exp().sum(1, keepdim=True)
            out[:, :, i, j] = torch.einsum("np,ncp->nc", beta, value)
    return x + layer.gamma * conv(out, layer.out)


@pytest.mark.parametrize("demands", [Demands(), Demands(labels=True)])
def test_the_generator_is_the_papers(demands):
    generator, _ = built(demands)
    z = torch.randn(3, 6, dtype=torch.float64)
    labels = torch.tensor([2, 0, 2]) if demands.labels else None

    x = z @ generator.linear.weight.T + generator.linear.bias
    x = x.view(3, 4, 4, 16).permute(0, 3, 1, 2)
    for k, block in enumerate(generator.blocks):
        hidden = conv(doubled(relu(batch_norm(x, block.norm1, labels))), block.conv1)
        hidden = conv(relu(batch_norm(hidden, block.norm2, labels)), block.conv2)
        x = hidden + conv(doubled(x), block.shortcut)
        if k == 1:  # 16x16
            x = attention(x, generator.attention[1])
    expected = conv(relu(batch_norm(x, generator.norm, None)), generator.image).tanh()
    torch.testing.assert_close(generator(z, labels), expected)


@pytest.mark.parametrize("demands", [Demands(), Demands(labels=True)])
def test_the_discriminator_is_the_papers(demands):
    _, discriminator = built(demands)
    images = torch.randn(3, 3, 32, 32, dtype=torch.float64)
    labels = torch.tensor([2, 0, 2]) if demands.labels else None
    first, second, *others = discriminator.blocks

    x = halved(conv(relu(conv(images, first.conv1)), first.conv2)) + conv(
        halved(images), first.shortcut
    )
    x = attention(x, discriminator.attention[0])
    x = halved(conv(relu(conv(relu(x), second.conv1)), second.conv2) + conv(x, second.shortcut))
    assert len(others) == 2
    for block in others:
        x = conv(relu(conv(relu(x), block.conv1)), block.conv2) + x
    h = relu(x).sum((2, 3))
    score = discriminator.heads.score
    expected = h @ score.weight[0] + score.bias
    if labels is not None:
        embedding = discriminator.heads.embedding.weight
        expected = expected + torch.stack(
            [torch.dot(embedding[y], row) for y, row in zip(labels, h, strict=True)]
        )
    torch.testing.assert_close(discriminator(images, labels), expected)


def test_the_maps_of_the_discriminator_end_at_4x4_of_128_pixels_2x2_of_64_and_8x8_of_32():
    for size, end in ((128, 4), (64, 2), (32, 8)):
        small = SAGAN(SAGANOptions(base_channels=1))
        _, discriminator = small.build(ImageSpec(1, size, size), Demands())
        seen = []
        discriminator.blocks[-1].register_forward_hook(
            lambda _, __, out, seen=seen: seen.append(out.shape[2:])
        )
        discriminator(torch.randn(1, 1, size, size))
        assert seen == [(end, end)]
