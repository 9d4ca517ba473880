"""Promises of StyleGAN2's layers, against loops and explicit scaling."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from ganzoo_stylegan2.discriminator import Block, MinibatchDeviation
from ganzoo_stylegan2.layers import (
    EqualizedConv2d,
    EqualizedLinear,
    activate,
    normalize_second_moment,
)
from ganzoo_stylegan2.modulation import ModulatedConv2d, demodulation
from torch import nn

from ganzoo.nn import Blur, Downsample, Upsample

DOUBLE = torch.float64


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


# --- Equalized learning rate


@pytest.mark.parametrize("multiplier", [1.0, 0.01])
def test_an_equalized_linear_layer_is_one_whose_weights_are_scaled(multiplier):
    layer = EqualizedLinear(300, 200, bias=1.0, lr_multiplier=multiplier).double()
    plain = nn.Linear(300, 200).double()
    with torch.no_grad():
        plain.weight.copy_(layer.weight * multiplier / 300**0.5)
        plain.bias.copy_(layer.bias * multiplier)
    x = torch.randn(5, 300, dtype=DOUBLE)
    torch.testing.assert_close(layer(x), plain(x))
    assert layer.weight.std().item() == pytest.approx(1 / multiplier, rel=0.02)
    assert plain.weight.std().item() == pytest.approx(300**-0.5, rel=0.02)
    torch.testing.assert_close(plain.bias, torch.ones_like(plain.bias))


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2)])
def test_an_equalized_convolution_is_one_whose_weights_are_scaled(kernel, stride):
    layer = EqualizedConv2d(6, 8, kernel, stride=stride).double()
    nn.init.normal_(layer.bias)
    x = torch.randn(2, 6, 9, 9, dtype=DOUBLE)
    padding = kernel // 2 if stride == 1 else 0
    weight = layer.weight / (6 * kernel * kernel) ** 0.5
    expected = F.conv2d(x, weight, layer.bias, stride=stride, padding=padding)
    torch.testing.assert_close(layer(x), expected)


def test_a_step_of_adam_moves_the_function_of_every_layer_by_the_same_share():
    """So it does by lr_multiplier in the mapping network, without groups of parameters."""
    shares = []
    for width, multiplier in ((16, 1.0), (256, 1.0), (16, 0.01), (256, 0.01)):
        layer = EqualizedLinear(width, width, bias=None, lr_multiplier=multiplier)
        before = layer.weight.detach() * layer.scale
        optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3, betas=(0.0, 0.99))
        layer(torch.randn(64, width)).square().sum().backward()
        optimizer.step()
        moved = layer.weight.detach() * layer.scale - before
        shares.append((moved.std() / before.std()).item() / multiplier)
    assert shares == pytest.approx([1e-3] * 4, rel=0.1)


def test_activation_keeps_the_second_moment_and_normalization_sets_it_to_one():
    x = torch.randn(200_000)
    slope = activate(torch.tensor([1.0, -1.0]))
    torch.testing.assert_close(slope, torch.tensor([2**0.5, -0.2 * 2**0.5]))
    assert activate(x).square().mean().item() == pytest.approx(1 + 0.2**2, rel=0.02)
    z = 7 * torch.randn(3, 50)
    expected = z / z.square().mean(1, keepdim=True).sqrt()
    torch.testing.assert_close(normalize_second_moment(z), expected)
    assert normalize_second_moment(torch.zeros(1, 4)).isfinite().all()


# --- Modulated convolution


def grouped(conv, x, w):
    """Equations 1 and 3 of arXiv:1912.04958: own weights for each image, one group for each."""
    n, inputs = x.shape[:2]
    style = F.linear(w, conv.style.weight / w.shape[1] ** 0.5, conv.style.bias)
    fan_in = inputs * conv.weight.shape[2] ** 2
    weights = []
    for own in style:
        weight = conv.weight / fan_in**0.5 * own[None, :, None, None]
        if conv.demodulate:
            for row in weight.unbind(0):
                norm = math.sqrt(row.square().sum().item() + 1e-8)
                weights.append(row / norm)
        else:
            weights += weight.unbind(0)
    stacked = torch.stack(weights).view(n, -1, *conv.weight.shape[1:])
    together = x.reshape(1, n * inputs, *x.shape[2:])
    if conv.blur is None:
        y = F.conv2d(together, stacked.flatten(0, 1), padding=stacked.shape[-1] // 2, groups=n)
    else:
        kernels = stacked.transpose(1, 2).flatten(0, 1)
        y = F.conv_transpose2d(together, kernels, stride=2, groups=n)
        y = Blur(gain=4).double()(y)
    return y.view(n, -1, *y.shape[2:])


@pytest.mark.parametrize("upsample", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
def test_scaling_activations_equals_a_convolution_with_a_group_for_each_image(demodulate, upsample):
    conv = ModulatedConv2d(5, 7, 3, 6, demodulate=demodulate, upsample=upsample)
    x, w = torch.randn(3, 5, 4, 4), 2 * torch.randn(3, 6)
    with torch.no_grad():
        torch.testing.assert_close(conv(x, w), grouped(conv, x, w), rtol=1e-5, atol=1e-5)


def test_gradients_equal_those_of_the_grouped_convolution():
    conv = ModulatedConv2d(3, 4, 3, 5).double()
    x, w = torch.randn(2, 3, 4, 4, dtype=DOUBLE), torch.randn(2, 5, dtype=DOUBLE)
    inputs = [x.requires_grad_(), w.requires_grad_(), *conv.parameters()]

    def by_definition():
        style = F.linear(w, conv.style.weight / 5**0.5, conv.style.bias)
        weight = style[:, None, :, None, None] * conv.weight / 27**0.5
        weight = weight / (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
        rows = [F.conv2d(x[k : k + 1], weight[k], padding=1) for k in range(2)]
        return torch.cat(rows)

    direction = torch.randn(2, 4, 4, 4, dtype=DOUBLE)
    actual, expected = (
        torch.autograd.grad((y * direction).sum(), inputs) for y in (conv(x, w), by_definition())
    )
    torch.testing.assert_close(actual, expected)


def test_demodulation_gives_every_image_and_channel_unit_variance():
    conv = ModulatedConv2d(64, 32, 3, 16)
    x, w = torch.randn(4, 64, 32, 32), 3 * torch.randn(4, 16)
    with torch.no_grad():
        variances = conv(x, w)[..., 1:-1, 1:-1].var((2, 3))
    torch.testing.assert_close(variances, torch.ones(4, 32), rtol=0.25, atol=0)


def test_doubling_is_a_convolution_of_the_image_that_was_doubled():
    """Inside the borders: filters commute. The kernel is turned, as transposing does."""
    conv = ModulatedConv2d(3, 4, 3, 5, upsample=True, demodulate=False).double()
    nn.init.zeros_(conv.style.weight)
    x = torch.randn(2, 3, 8, 8, dtype=DOUBLE)
    weight = conv.weight.flip(2, 3) / 27**0.5
    expected = F.conv2d(Upsample().double()(x), weight, padding=1)
    actual = conv(x, torch.zeros(2, 5, dtype=DOUBLE))
    assert actual.shape == (2, 4, 16, 16)
    torch.testing.assert_close(actual[..., 3:-3, 3:-3], expected[..., 3:-3, 3:-3])


def test_demodulation_stays_in_float32_under_autocast():
    weight, style = torch.randn(8, 16, 3, 3), torch.randn(4, 16)
    expected = demodulation(weight, style)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(demodulation(weight, style), expected)


# --- Discriminator


def deviations(x, size):
    """The appended channel of each image, by a loop over groups, features and places."""
    n = len(x)
    groups = n // size
    values = [0.0] * n
    for m in range(groups):
        members = range(m, n, groups)
        total = []
        for place in range(x[0].numel()):
            column = [x[k].flatten()[place].item() for k in members]
            mean = sum(column) / size
            total.append(math.sqrt(sum((v - mean) ** 2 for v in column) / size + 1e-8))
        for k in members:
            values[k] = sum(total) / len(total)
    return torch.tensor(values, dtype=x.dtype)


@pytest.mark.parametrize(("n", "group", "size"), [(8, 4, 4), (6, 4, 3), (5, 4, 1), (4, 32, 4)])
def test_the_minibatch_deviation_is_that_of_a_loop_in_groups_that_divide_the_batch(n, group, size):
    x = torch.randn(n, 3, 2, 2, dtype=DOUBLE)
    out = MinibatchDeviation(group)(x)
    assert torch.equal(out[:, :3], x)
    expected = deviations(x, size).view(n, 1, 1, 1).expand(-1, -1, 2, 2)
    torch.testing.assert_close(out[:, 3:], expected)


def test_the_minibatch_deviation_has_a_finite_gradient_for_equal_images():
    x = torch.ones(4, 2, 2, 2, requires_grad=True)
    MinibatchDeviation(4)(x).sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("residual", [True, False])
def test_a_block_is_two_convolutions_beside_a_filtered_skip(residual):
    block = Block(3, 5, residual=residual).double()
    for layer in (block.conv0, block.conv1):
        nn.init.normal_(layer.bias)
    x = torch.randn(2, 3, 8, 8, dtype=DOUBLE)

    def lrelu(y):
        return 2**0.5 * torch.where(y > 0, y, 0.2 * y)

    y = lrelu(F.conv2d(x, block.conv0.weight / 27**0.5, block.conv0.bias, padding=1))
    y = Blur(padding=2).double()(y)
    y = lrelu(F.conv2d(y, block.conv1.weight / 27**0.5, block.conv1.bias, stride=2))
    if residual:
        half = Downsample().double()(x)
        y = (y + F.conv2d(half, block.skip[1].weight / 3**0.5)) / 2**0.5
    torch.testing.assert_close(block(x), y)
