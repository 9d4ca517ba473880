"""Convolutions on CPUs: another way to the same numbers where torch's own way is slow.

torch leaves convolutions to oneDNN, which is near the processor's peak for most of them and far
from it for some that every GAN has. Within `rearranged` those are computed otherwise: forwards,
backwards and in the gradients of gradients, whoever asks for them.

A convolution ties together an image `(N, C, H, W)`, features `(N, O, h, w)` and a kernel
`(O, C, k, l)`, and is linear in each. Which of the three follows from the other two is all that
tells a convolution, a transposed one, and the gradients of both apart. How much is won is printed
by `tests/benchmarks/convolutions.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

CAN_REARRANGE = hasattr(torch.library, "get_kernel")
"""Whether this torch gives out its own kernels, for all that is not done better here."""

FEW_CHANNELS = 4
"""Of an image. oneDNN fills its vectors with channels, so they are mostly empty."""

SMALL_MAP, SMALL_STRIDED_MAP = 16, 64
"""Positions of features, up to which oneDNN's gradient of a kernel is slow in bfloat16."""


class _Way(NamedTuple):
    """How a kernel moves over an image, and what can be done better than torch does it.

    Each method gives None where torch's own way is as good.
    """

    stride: tuple[int, int]
    padding: tuple[int, int]

    def image(self, features: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor | None:
        """Of few channels: pixels that a stride skips become channels, so that there are more."""
        (s, t), (p, q) = self.stride, self.padding
        o, c, k, l = kernel.shape  # noqa: E741
        if _alone(features) and not p and not q and bias is None:
            return _maps(features.flatten(1) @ _rows(kernel), (k, l))
        if c > FEW_CHANNELS or s * t == 1 or k % s or l % t:
            return None
        blocks = kernel.reshape(o, c, k // s, s, l // t, t).permute(0, 3, 5, 1, 2, 4)
        blocks = blocks.reshape(o, s * t * c, k // s, l // t)
        biases = None if bias is None else bias.repeat(s * t)
        deep = F.conv_transpose2d(features, blocks, biases).permute(0, 2, 3, 1)
        n, h, w, _ = deep.shape
        image = deep.reshape(n, h, w, s, t, c).transpose(2, 3).reshape(n, h * s, w * t, c)
        image = image[:, p : h * s - p, q : w * t - q].permute(0, 3, 1, 2)
        return image.contiguous(memory_format=torch.channels_last)

    def features(self, image: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor | None:
        """Of a kernel as large as the image: a matrix product."""
        if image.shape[2:] != kernel.shape[2:] or any(self.padding):
            return None
        rows, weight = _rows(image), _rows(kernel).t()
        return _maps(rows @ weight if bias is None else torch.addmm(bias, rows, weight), (1, 1))

    def kernel(self, image: Tensor, features: Tensor, size: Sequence[int]) -> Tensor | None:
        """From a small map: a matrix product with what each position sees."""
        small = SMALL_MAP if max(self.stride) == 1 else SMALL_STRIDED_MAP
        if features.shape[2:].numel() > (small if image.dtype == torch.bfloat16 else 1):
            return None
        seen = self._seen(image, features.shape[2:], size[2:])
        found = features.permute(0, 2, 3, 1).reshape(len(seen), -1).t() @ seen
        return _maps(found, size[2:])

    def _seen(self, image: Tensor, positions: Sequence[int], size: Sequence[int]) -> Tensor:
        """What each position sees: `(N * h * w, k * l * C)`."""
        p, q = self.padding
        image = F.pad(image, (q, q, p, p)) if p or q else image
        n, c, down, right = image.stride()
        (s, t), shape = self.stride, (len(image), *positions, *size, image.shape[1])
        strides = (n, s * down, t * right, down, right, c)
        windows = image.as_strided(shape, strides, image.storage_offset())
        return windows.reshape(shape[0] * positions[0] * positions[1], -1)


def _alone(features: Tensor) -> bool:
    return features.shape[2:].numel() == 1


def _rows(tensor: Tensor) -> Tensor:
    """`(N, C, h, w)` to `(N, h * w * C)`: channels last, as it lies in memory."""
    return tensor.permute(0, 2, 3, 1).flatten(1)


def _maps(rows: Tensor, size: Sequence[int]) -> Tensor:
    """`(N, h * w * C)` to `(N, C, h, w)`."""
    return rows.reshape(len(rows), *size, -1).permute(0, 3, 1, 2)


Kernel = Callable[..., Any]
Pair = Sequence[int]


def _forward(native: Kernel) -> Kernel:
    """In place of `aten::convolution`."""

    def convolution(
        keys: Any, given: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair,
        dilation: Pair, transposed: bool, output_padding: Pair, groups: int,
    ) -> Any:  # fmt: skip
        if _usual(given, dilation, groups) and not any(output_padding):
            way = _Way(tuple(stride), tuple(padding))  # type: ignore[arg-type]
            found = (way.image if transposed else way.features)(given, weight, bias)
            if found is not None:
                return found
        return native(
            keys, given, weight, bias, stride, padding, dilation, transposed, output_padding, groups
        )

    return convolution


def _backward(native: Kernel) -> Kernel:
    """In place of `aten::convolution_backward`."""

    def convolution_backward(
        keys: Any, gradient: Tensor, given: Tensor, weight: Tensor, bias_size: Any, stride: Pair,
        padding: Pair, dilation: Pair, transposed: bool, output_padding: Pair, groups: int,
        wanted: Sequence[bool],
    ) -> tuple[Tensor | None, ...]:  # fmt: skip
        found: list[Tensor | None] = [None, None, None]
        image, features = (gradient, given) if transposed else (given, gradient)
        if _usual(given, dilation, groups) and _even(image, features, weight, stride, padding):
            way = _Way(tuple(stride), tuple(padding))  # type: ignore[arg-type]
            if wanted[0]:
                found[0] = (way.features if transposed else way.image)(gradient, weight)
            if wanted[1]:
                found[1] = way.kernel(image, features, weight.shape)
        rest = [wish and f is None for wish, f in zip(wanted, found, strict=True)]
        if rest == [False, False, True]:
            return found[0], found[1], gradient.sum((0, 2, 3))
        if any(rest):
            others = native(
                keys, gradient, given, weight, bias_size, stride, padding, dilation, transposed,
                output_padding, groups, rest,
            )  # fmt: skip
            found = [o if f is None else f for f, o in zip(found, others, strict=True)]
        return tuple(found)

    return convolution_backward


def _usual(given: Tensor, dilation: Pair, groups: int) -> bool:
    """Whether it is one that is meant, here and now."""
    return _here.active and given.ndim == 4 and groups == 1 and max(dilation) == 1


def _even(image: Tensor, features: Tensor, kernel: Tensor, stride: Pair, padding: Pair) -> bool:
    """Whether the last position ends where the padded image does."""
    sides = zip(image.shape[2:], features.shape[2:], kernel.shape[2:], stride, padding, strict=True)
    return all((at - 1) * step + width == side + 2 * pad for side, at, width, step, pad in sides)


class _Here(threading.local):
    active = False


_here = _Here()


@contextmanager
def rearranged() -> Iterator[None]:
    """Within it, and in this thread alone, convolutions on the CPU go the faster way."""
    _install()
    before, _here.active = _here.active, True
    try:
        yield
    finally:
        _here.active = before


@cache
def _install() -> torch.library.Library:
    """Once and for all: taking kernels back would race with other threads that are using them.

    What it costs all others is 15 microseconds a convolution.
    """
    library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    for name, replacing in (("convolution", _forward), ("convolution_backward", _backward)):
        native = torch.library.get_kernel(f"aten::{name}", "CPU").call_boxed
        library.impl(name, replacing(native), "CPU", with_keyset=True)  # type: ignore[no-untyped-call]
    return library
