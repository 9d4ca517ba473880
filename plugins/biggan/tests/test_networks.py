"""The networks of both BigGANs, against an implementation from the paper in plain tensors."""

from __future__ import annotations

import pytest
import torch
from ganzoo_biggan import deep
from ganzoo_biggan.architecture import BigGAN, BigGANDeep
from ganzoo_biggan.codes import HierarchicalCodes, WholeCodes
from ganzoo_biggan.options import BigGANDeepOptions, BigGANOptions

from ganzoo import Demands, ImageSpec

WIDE = BigGAN(BigGANOptions(latent_dim=10, base_channels=2, embedding_dim=3))
DEEP = BigGANDeep(BigGANDeepOptions(latent_dim=6, base_channels=8, embedding_dim=3))
EITHER = pytest.mark.parametrize("demands", [Demands(), Demands(labels=True)])


def built(architecture, demands):
    """Networks in float64 whose every parameter is random, so that none hides another."""
    torch.manual_seed(0)
    networks = architecture.build(ImageSpec(3, 32, 32, num_classes=3), demands)
    for network in networks:
        network.double()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    z = torch.randn(3, architecture.latent.latent_dim, dtype=torch.float64)
    images = torch.randn(3, 3, 32, 32, dtype=torch.float64)
    return networks, z, images, torch.tensor([2, 0, 2]) if demands.labels else None


def joined(code, generator, labels):
    """A code and the row of the shared embedding for each image's class."""
    if labels is None:
        return code
    table = generator.codes.shared.weight
    return torch.stack([torch.cat([c, table[y]]) for c, y in zip(code, labels, strict=True)])


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


def conditional_norm(x, c, layer):
    """Gain 1 + W c and bias V c, image by image."""
    rows = []
    for row, code in zip(normalized(x), c, strict=True):
        gain, bias = 1 + layer.gain.weight @ code, layer.bias.weight @ code
        rows.append(row * gain[:, None, None] + bias[:, None, None])
    return torch.stack(rows)


def doubled(x):
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def halved(x):
    n, c, h, w = x.shape
    return x.view(n, c, h // 2, 2, w // 2, 2).mean((3, 5))


def relu(x):
    return x.clamp(min=0)


def attention(x, layer):
    """Zhang et al. 2019, equation 1: position by position."""
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


def score(features, heads, labels):
    """The projection discriminator's, image by image."""
    rows = []
    for n, h in enumerate(relu(features).sum((2, 3))):
        value = heads.score.weight[0] @ h + heads.score.bias[0]
        rows.append(value if labels is None else value + heads.embedding.weight[labels[n]] @ h)
    return torch.stack(rows)


def first_map(generator, code):
    """Rows, columns, channels of the linear layer's output, as a map of 4x4."""
    out = torch.stack([generator.linear.weight @ row + generator.linear.bias for row in code])
    return out.view(len(code), 4, 4, -1).permute(0, 3, 1, 2)


def image_of(x, generator):
    gain, bias = (part[:, None, None] for part in (generator.norm.weight, generator.norm.bias))
    return conv(relu(gain * normalized(x) + bias), generator.image).tanh()


@EITHER
def test_the_generator_is_the_papers(demands):
    """Figures 15a and 15b; z of ten entries is cut into 3, 3, 2 and 2."""
    (generator, _), z, _, labels = built(WIDE, demands)
    x = first_map(generator, z[:, :3])
    chunks = (z[:, 3:6], z[:, 6:8], z[:, 8:10])
    for k, (block, chunk) in enumerate(zip(generator.blocks, chunks, strict=True)):
        c = joined(chunk, generator, labels)
        hidden = conv(doubled(relu(conditional_norm(x, c, block.norm1))), block.conv1)
        hidden = conv(relu(conditional_norm(hidden, c, block.norm2)), block.conv2)
        x = hidden + conv(doubled(x), block.shortcut)
        if k == 1:  # 16x16
            x = attention(x, generator.attention[1])
    torch.testing.assert_close(generator(z, labels), image_of(x, generator))


@EITHER
def test_the_discriminator_is_the_papers(demands):
    """Figure 15c; at 32 pixels the first two of four blocks halve the sides."""
    (_, discriminator), _, images, labels = built(WIDE, demands)
    first, attend, second, *others = discriminator.body
    x = halved(conv(relu(conv(images, first.conv1)), first.conv2)) + conv(
        halved(images), first.shortcut
    )
    x = attention(x, attend)
    x = halved(conv(relu(conv(relu(x), second.conv1)), second.conv2) + conv(x, second.shortcut))
    assert len(others) == 2
    for block in others:
        x = conv(relu(conv(relu(x), block.conv1)), block.conv2) + x
    torch.testing.assert_close(discriminator(images, labels), score(x, discriminator.heads, labels))


@EITHER
def test_the_deep_generator_is_the_papers(demands):
    """Figure 16a; of the two blocks at each resolution the second doubles the sides."""
    (generator, _), z, _, labels = built(DEEP, demands)
    c = joined(z, generator, labels)
    x = first_map(generator, c)
    assert len(generator.blocks) == 6
    for k, block in enumerate(generator.blocks):
        double = doubled if k % 2 else torch.clone
        hidden = conv(relu(conditional_norm(x, c, block.norm1)), block.conv1)
        hidden = conv(double(relu(conditional_norm(hidden, c, block.norm2))), block.conv2)
        hidden = conv(relu(conditional_norm(hidden, c, block.norm3)), block.conv3)
        hidden = conv(relu(conditional_norm(hidden, c, block.norm4)), block.conv4)
        x = hidden + double(x)
        if k == 3:  # 16x16
            x = attention(x, generator.attention[3])
    torch.testing.assert_close(generator(z, labels), image_of(x, generator))


@EITHER
def test_the_deep_discriminator_is_the_papers(demands):
    """Figure 16b; at 32 pixels the first two of three stages halve the sides, in their first block.

    The body is a convolution, six blocks, and self-attention after the second block.
    """
    (_, discriminator), _, images, labels = built(DEEP, demands)
    stem, one, two, attend, *others = discriminator.body
    x = conv(images, stem)

    def block(x, layer, pool):
        hidden = conv(relu(conv(relu(x), layer.conv1)), layer.conv2)
        hidden = conv(pool(relu(conv(relu(hidden), layer.conv3))), layer.conv4)
        return pool(x) + hidden

    x = attention(block(block(x, one, halved), two, torch.clone), attend)
    assert len(others) == 4
    for layer, pool in zip(others, (halved, *[torch.clone] * 3), strict=True):
        x = block(x, layer, pool)
    torch.testing.assert_close(discriminator(images, labels), score(x, discriminator.heads, labels))


def test_the_deep_shortcuts_drop_the_last_channels_and_append_those_of_a_convolution():
    torch.manual_seed(0)
    x = torch.randn(2, 8, 6, 6)
    narrowing = deep.GeneratorBlock(8, 4, 3, doubles=True)
    widening = deep.DiscriminatorBlock(8, 12, halves=True)
    for block in (narrowing, widening):
        torch.nn.init.zeros_(block.conv4.weight)
        torch.nn.init.zeros_(block.conv4.bias)
    torch.testing.assert_close(narrowing(x, torch.randn(2, 3)), doubled(x[:, :4]))
    pooled = halved(x)
    expected = torch.cat([pooled, conv(pooled, widening.more)], 1)
    torch.testing.assert_close(widening(x), expected)


@pytest.mark.parametrize("length", [4, 80, 83])
def test_the_chunks_of_z_are_as_long_as_they_are_said_to_be(length):
    z, labels = torch.arange(2.0 * length).view(2, length), torch.tensor([0, 1])
    unconditional = HierarchicalCodes(length, 3, classes=0, embedding_dim=5)
    codes = unconditional(z, None)
    assert [code.shape[1] for code in codes] == unconditional.lengths
    assert max(unconditional.lengths) - min(unconditional.lengths) <= 1
    assert torch.equal(torch.cat(codes, 1), z)

    conditional = HierarchicalCodes(length, 3, classes=2, embedding_dim=5)
    first, *others = conditional(z, labels)
    assert torch.equal(first, codes[0])
    for code, chunk in zip(others, codes[1:], strict=True):
        assert torch.equal(code, torch.cat([chunk, conditional.shared.weight], 1))


def test_deep_codes_are_all_of_z_and_the_class_for_every_layer():
    z, labels = torch.randn(2, 6), torch.tensor([1, 0])
    codes = WholeCodes(6, 4, classes=2, embedding_dim=5)
    expected = torch.cat([z, codes.shared.weight[[1, 0]]], 1)
    assert codes.lengths == [11] * 5
    assert all(torch.equal(code, expected) for code in codes(z, labels))
    plain = WholeCodes(6, 4, classes=0, embedding_dim=5)
    assert plain.lengths == [6] * 5
    assert all(torch.equal(code, z) for code in plain(z, None))


@pytest.mark.parametrize(("size", "end"), [(32, 8), (64, 4), (128, 4), (256, 4)])
def test_the_discriminators_end_at_maps_of_4x4_and_of_8x8_at_32_pixels(size, end):
    for architecture in (
        BigGAN(BigGANOptions(base_channels=1)),
        BigGANDeep(BigGANDeepOptions(base_channels=1, latent_dim=8)),
    ):
        _, discriminator = architecture.build(ImageSpec(1, size, size), Demands())
        assert discriminator.body(torch.randn(1, 1, size, size)).shape[2:] == (end, end)
