"""Rearranged convolutions: the same numbers as torch's own, in all orders, and gone afterwards."""

from __future__ import annotations

import threading
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from ganzoo.engine.convolutions import rearranged
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck


class Layer(NamedTuple):
    """A convolution, or a transposed one."""

    channels: int
    out: int
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    transposed: bool = False
    bias: bool = True

    def tensors(self, dtype: torch.dtype = torch.float64, n: int = 2) -> tuple[Tensor, ...]:
        rng = torch.Generator().manual_seed(0)
        sides = (self.channels, self.out)
        shapes = [(n, self.channels, *self.size), (sides if self.transposed else sides[::-1])]
        given = torch.randn(shapes[0], generator=rng, dtype=torch.float64)
        weight = torch.randn(*shapes[1], *self.kernel, generator=rng, dtype=torch.float64)
        bias = torch.randn(self.out, generator=rng, dtype=torch.float64)
        tensors = (given.contiguous(memory_format=torch.channels_last), weight, bias)
        return tuple(t.to(dtype).requires_grad_() for t in tensors[: 2 + self.bias])

    def __call__(self, given: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        call = F.conv_transpose2d if self.transposed else F.conv2d
        return call(given, weight, bias, self.stride, self.padding)


REARRANGED = {
    "few channels": Layer(3, 8, (8, 8), (4, 4), (2, 2), (1, 1)),
    "few channels, oblong": Layer(2, 5, (6, 8), (2, 4), (2, 4), (0, 2)),
    "to few channels": Layer(6, 3, (4, 4), (4, 4), (2, 2), (1, 1), transposed=True),
    "to few channels, no bias": Layer(6, 1, (3, 4), (4, 4), (2, 2), (1, 1), True, bias=False),
    "a kernel as large as the image": Layer(5, 2, (4, 3), (4, 3)),
    "no bias": Layer(5, 1, (4, 4), (4, 4), bias=False),
    "one position to a map": Layer(5, 6, (1, 1), (4, 4), transposed=True, bias=False),
    "a small map": Layer(6, 7, (8, 8), (4, 4), (2, 2), (1, 1)),
    "from a small map": Layer(6, 7, (4, 4), (4, 4), (2, 2), (1, 1), transposed=True),
}
AS_EVER = {
    "an odd remainder": Layer(3, 4, (7, 7), (4, 4), (2, 2), (1, 1)),
    "an odd kernel": Layer(3, 4, (7, 7), (3, 3), (2, 2), (1, 1)),
    "a stride of one": Layer(3, 4, (6, 6), (3, 3), (1, 1), (1, 1)),
}


@pytest.mark.parametrize("layer", (REARRANGED | AS_EVER).values(), ids=REARRANGED | AS_EVER)
def test_gradients_and_their_gradients_are_those_of_finite_differences(layer):
    with rearranged():
        assert gradcheck(layer, layer.tensors())
        assert gradgradcheck(layer, layer.tensors())


def penalized(layer: Layer, dtype: torch.dtype) -> list[Tensor]:
    """Output, and the gradients of a loss that has a gradient in it."""
    tensors = layer.tensors(dtype, n=3)
    out = layer(*tensors)
    (gradient,) = torch.autograd.grad(out.square().sum(), tensors[0], create_graph=True)
    (gradient.square().sum().sqrt() + out.sum()).backward()
    return [out.detach(), *(t.grad for t in tensors if t.grad is not None)]


@pytest.mark.parametrize("layer", (REARRANGED | AS_EVER).values(), ids=REARRANGED | AS_EVER)
def test_they_are_torchs_own_in_value_shape_and_memory_format(layer):
    plain = penalized(layer, torch.float64)
    with rearranged():
        found = penalized(layer, torch.float64)
    for mine, theirs in zip(found, plain, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)
        if min(mine.shape[1:2], default=0) > 1:  # one channel lies the same way in both formats
            last = {"memory_format": torch.channels_last} if mine.ndim == 4 else {}
            assert mine.is_contiguous(**last) or not theirs.is_contiguous(**last)


@pytest.mark.parametrize("layer", (REARRANGED | AS_EVER).values(), ids=REARRANGED | AS_EVER)
def test_in_bfloat16_they_are_as_near_to_the_truth_as_torchs_own(layer):
    truth = penalized(layer, torch.float64)
    plain = penalized(layer, torch.bfloat16)
    with rearranged():
        found = penalized(layer, torch.bfloat16)
    for mine, theirs, exact in zip(found, plain, truth, strict=True):
        off, allowed = ((t.double() - exact).norm() / exact.norm() for t in (mine, theirs))
        assert off < 1.5 * allowed + 2e-3


def native_calls(layer: Layer, dtype: torch.dtype) -> set[str]:
    """Convolutions of layers of the given shape that were left to torch, by what was asked for."""
    with rearranged(), torch.profiler.profile(record_shapes=True) as profile:
        layer(*layer.tensors(dtype)).float().sum().backward()
    return {event.name for event in profile.events() if "mkldnn" in event.name}


@pytest.fixture
def deep(monkeypatch):
    """Shapes of the kernels that few channels were made many for."""
    shapes: list[tuple[int, ...]] = []
    original = F.conv_transpose2d

    def spy(features: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
        shapes.append(tuple(kernel.shape))
        return original(features, kernel, bias)

    monkeypatch.setattr(F, "conv_transpose2d", spy)
    return shapes


def test_few_channels_are_made_many_for_the_kernel_that_computes_their_image(deep):
    with rearranged():
        penalized(REARRANGED["few channels"], torch.float32)
    assert set(deep) == {(8, 12, 2, 2)}


def test_a_kernel_as_large_as_the_image_is_left_to_no_convolution():
    assert native_calls(REARRANGED["a kernel as large as the image"], torch.float32) == set()
    assert native_calls(AS_EVER["an odd kernel"], torch.float32) != set()


def test_afterwards_torch_has_its_own_way_again():
    layer = Layer(16, 3, (8, 8), (4, 4), (2, 2), (1, 1), transposed=True)
    truth = penalized(layer, torch.float32)
    with rearranged():
        assert not torch.equal(penalized(layer, torch.float32)[0], truth[0])
        with pytest.raises(ZeroDivisionError), rearranged():
            1 / 0  # noqa: B018
        assert not torch.equal(penalized(layer, torch.float32)[0], truth[0])
    after = penalized(layer, torch.float32)
    assert all(torch.equal(a, b) for a, b in zip(after, truth, strict=True))


def test_other_threads_are_left_alone(deep):
    layer = REARRANGED["few channels"]
    with rearranged():
        thread = threading.Thread(target=penalized, args=(layer, torch.float32))
        thread.start()
        thread.join()
    assert deep == []
