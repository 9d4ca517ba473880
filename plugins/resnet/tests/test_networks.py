"""Both networks against the papers' blocks, written with sums over shifts, in float64."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from ganzoo_resnet.architecture import ResNet
from ganzoo_resnet.options import ResNetOptions
from torch import nn

from ganzoo import Demands, ImageSpec

TINY = {"base_channels": 2, "latent_dim": 5}


def built(side=32, classes=0, forbid=False, **options):
    """Networks in float64 with random biases, gains and statistics."""
    torch.manual_seed(0)
    image = ImageSpec(3, side, side, num_classes=max(classes, 2))
    demands = Demands(labels=classes > 0, forbids_batch_statistics=forbid)
    networks = ResNet(ResNetOptions(**TINY | options)).build(image, demands)
    for network in networks:
        network.double()
        for parameter in network.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
    return networks


def conv(x, layer):
    """Convolution as a sum over the shifts of the kernel, zero outside."""
    k = layer.weight.shape[2] // 2
    padded, (height, width) = F.pad(x, (k, k, k, k)), x.shape[2:]
    out = layer.bias[:, None, None]
    for i in range(2 * k + 1):
        for j in range(2 * k + 1):
            window = padded[:, :, i : i + height, j : j + width]
            out = out + torch.einsum("oc,nchw->nohw", layer.weight[:, :, i, j], window)
    return out


def up(x):
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def pool(x):
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def standardized(x, dims):
    mean = x.mean(dims, keepdim=True)
    return (x - mean) / ((x - mean).square().mean(dims, keepdim=True) + 1e-5).sqrt()


def batch_norm(x, norm, labels=None):
    if isinstance(norm, nn.BatchNorm2d):
        gain, bias = norm.weight[None], norm.bias[None]
    else:
        gain, bias = norm.gain.weight[labels], norm.bias.weight[labels]
    return standardized(x, (0, 2, 3)) * gain[..., None, None] + bias[..., None, None]


def generated(net, z, labels=None):
    """Linear; blocks of BN-ReLU-up-conv-BN-ReLU-conv + up-conv1; BN-ReLU-conv-tanh."""
    x = z @ net.project.weight.T + net.project.bias
    side = net.start
    x = x.reshape(len(z), side, side, -1).permute(0, 3, 1, 2)
    for block in net.blocks:
        h = conv(up(batch_norm(x, block.norm1, labels).relu()), block.conv1)
        h = conv(batch_norm(h, block.norm2, labels).relu(), block.conv2)
        x = h + conv(up(x), block.shortcut)
    return conv(batch_norm(x, net.norm).relu(), net.conv).tanh()


def scored(net, x, halvings, pooled, norm=lambda x, _: x, labels=None):
    """conv-ReLU-conv-pool + pool-conv1; ReLU-conv-ReLU-conv(-pool) + conv1(-pool); ReLU-sum."""
    first = net.first
    h = conv(norm(conv(x, first.conv1), first.norm1).relu(), first.conv2)
    x = pool(h) + conv(pool(x), first.shortcut)
    for k, block in enumerate(net.blocks, start=1):
        h = conv(norm(x, block.norm1).relu(), block.conv1)
        h = conv(norm(h, block.norm2).relu(), block.conv2)
        if k < halvings:
            x = pool(h) + pool(conv(x, block.shortcut))
        else:
            x = h + (conv(x, block.shortcut) if isinstance(block.shortcut, nn.Conv2d) else x)
    h = getattr(x.relu(), pooled)((2, 3))
    scores = h @ net.heads.score.weight[0] + net.heads.score.bias
    return scores if labels is None else scores + (net.heads.embedding.weight[labels] * h).sum(1)


@pytest.mark.parametrize("side", [32, 48, 64])
def test_the_generator_is_the_papers(side):
    generator, _ = built(side)
    z = torch.randn(3, 5, dtype=torch.float64)
    torch.testing.assert_close(generator(z), generated(generator, z), rtol=0, atol=1e-9)


def test_the_conditional_generator_has_a_gain_and_a_bias_for_each_class_but_at_the_end():
    generator, _ = built(classes=3)
    z, labels = torch.randn(4, 5, dtype=torch.float64), torch.tensor([2, 0, 1, 2])
    expected = generated(generator, z, labels)
    torch.testing.assert_close(generator(z, labels), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("side", "halvings"), [(32, 2), (48, 4), (64, 5)])
@pytest.mark.parametrize("hidden", ["input", "output"])
def test_the_discriminator_is_the_papers(side, halvings, hidden):
    _, discriminator = built(side, hidden_width=hidden)
    x = torch.randn(2, 3, side, side, dtype=torch.float64)
    expected = scored(discriminator, x, halvings, "sum")
    torch.testing.assert_close(discriminator(x), expected, rtol=1e-9, atol=1e-9)
    wide = [block.conv1.out_channels for block in discriminator.blocks]
    end = "in_channels" if hidden == "input" else "out_channels"
    conv = "conv1" if hidden == "input" else "conv2"
    assert wide == [getattr(getattr(block, conv), end) for block in discriminator.blocks]


def test_the_projection_is_the_inner_product_of_class_and_summed_features():
    _, discriminator = built(classes=3)
    x, labels = torch.randn(3, 3, 32, 32, dtype=torch.float64), torch.tensor([2, 0, 2])
    expected = scored(discriminator, x, 2, "sum", labels=labels)
    torch.testing.assert_close(discriminator(x, labels), expected, rtol=1e-9, atol=1e-9)


def test_wgan_gps_critic_takes_the_mean_of_the_last_map():
    _, critic = built(variant="wgan-gp")
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    expected = scored(critic, x, 2, "mean")
    torch.testing.assert_close(critic(x), expected, rtol=1e-9, atol=1e-9)


def test_layer_norm_stands_before_each_relu_and_is_each_images_own():
    _, critic = built(variant="wgan-gp", discriminator_norm="layer", forbid=True)
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64)

    def layer_norm(x, norm):
        gain, bias = norm.weight[:, None, None], norm.bias[:, None, None]
        return standardized(x, (1, 2, 3)) * gain + bias

    expected = scored(critic, x, 2, "mean", layer_norm)
    torch.testing.assert_close(critic(x), expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(critic(x)[:1], critic(x[:1]))


def test_batch_norm_stands_before_each_relu_and_each_convolution_of_a_shortcut():
    _, discriminator = built(discriminator_norm="batch")
    first, second, third, fourth = discriminator.first, *discriminator.blocks
    x = torch.randn(4, 3, 32, 32, dtype=torch.float64)
    h = conv(batch_norm(conv(x, first.conv1), first.norm1).relu(), first.conv2)
    h = pool(h) + conv(batch_norm(pool(x), first.shortcut_norm), first.shortcut)
    expected = h
    for block in (second, third, fourth):
        h = conv(batch_norm(expected, block.norm1).relu(), block.conv1)
        h = conv(batch_norm(h, block.norm2).relu(), block.conv2)
        if block is second:
            h, shortcut = pool(h), batch_norm(expected, block.shortcut_norm)
            expected = h + pool(conv(shortcut, block.shortcut))
        else:
            expected = h + expected
    scores = expected.relu().sum((2, 3)) @ discriminator.heads.score.weight[0]
    scores = scores + discriminator.heads.score.bias
    torch.testing.assert_close(discriminator(x), scores, rtol=1e-9, atol=1e-9)
