"""Which convolutions are faster as `ganzoo.engine.convolutions` rearranges them, and how much?

    python tests/benchmarks/convolutions.py

Layers that GANs have, at batches of 64 and channels last, alternately torch's own way and the
rearranged one. Printed are the medians of the ratios, own over rearranged, of the pass forwards and
of the gradients by what is given and by the weights. About 1: left to torch.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from ganzoo.engine.convolutions import rearranged
from torch import Tensor

ROUNDS = 15
LAYERS = {  # channels, out, side, kernel, stride, padding, transposed
    "DCGAN 64 px, first": (3, 64, 64, 4, 2, 1, False),
    "DCGAN 64 px, third": (128, 256, 16, 4, 2, 1, False),
    "DCGAN 64 px, fourth": (256, 512, 8, 4, 2, 1, False),
    "DCGAN 64 px, score": (512, 1, 4, 4, 1, 0, False),
    "DCGAN 64 px, to pixels": (64, 3, 32, 4, 2, 1, True),
    "DCGAN 64 px, from 4x4": (512, 256, 4, 4, 2, 1, True),
    "WGAN-GP 32 px, first": (1, 32, 32, 4, 2, 1, False),
    "WGAN-GP 32 px, third": (64, 128, 8, 4, 2, 1, False),
    "residual, 4x4": (512, 512, 4, 3, 1, 1, False),
    "residual, 8x8": (256, 256, 8, 3, 1, 1, False),
}


def seconds(call: Callable[[], object]) -> float:
    """Of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def ratio(call: Callable[[], object]) -> float:
    """Torch's own time over the rearranged one's."""

    def faster() -> object:
        with rearranged():
            return call()

    call(), faster()
    return statistics.median(seconds(call) / seconds(faster) for _ in range(ROUNDS))


def measure(dtype: torch.dtype, layer: tuple[int, int, int, int, int, int, bool]) -> list[float]:
    """Forwards, by what is given, by the weights."""
    channels, out, side, size, stride, padding, transposed = layer

    def random(*shape: int) -> Tensor:
        return torch.randn(shape).to(dtype).contiguous(memory_format=torch.channels_last)

    given = random(64, channels, side, side)
    sides = (channels, out) if transposed else (out, channels)
    weight, bias = random(*sides, size, size), torch.zeros(out, dtype=dtype)
    call = F.conv_transpose2d if transposed else F.conv2d
    gradient = torch.randn_like(call(given, weight, bias, stride, padding))

    def backward(*wanted: bool) -> Callable[[], object]:
        return lambda: torch.ops.aten.convolution_backward(
            gradient, given, weight, [out], [stride] * 2, [padding] * 2, [1, 1], transposed,
            [0, 0], 1, wanted,
        )  # fmt: skip

    forward = ratio(lambda: call(given, weight, bias, stride, padding))
    return [forward, ratio(backward(True, False, False)), ratio(backward(False, True, False))]


def main() -> None:
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"{'':26}{'forwards':>10}{'by given':>10}{'by weights':>12}")
    for dtype in (torch.bfloat16, torch.float32):
        for name, layer in LAYERS.items():
            found = measure(dtype, layer)
            print(f"{str(dtype)[6:]:9}{name:24}" + "".join(f"{r:8.2f}" for r in found))


if __name__ == "__main__":
    main()
