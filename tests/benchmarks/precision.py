"""When does bfloat16 pay? One training step of networks of growing size, against float32.

Prints, for each pair of networks, their parameters and the median time of a step in bfloat16
divided by that in float32. This table gives `ganzoo.execution.precision.BF16_PAYS_FROM`.
"""

from __future__ import annotations

import statistics
import time

import torch
from cases import noise_trainer

import ganzoo

PAIRS: list[tuple[str, dict[str, int], tuple[int, int, int]]] = [
    ("vanilla", {"width": 128}, (2, 1, 1)),
    ("vanilla", {"width": 128}, (1, 28, 28)),
    ("vanilla", {"width": 256}, (1, 28, 28)),
    ("vanilla", {"width": 512}, (1, 28, 28)),
    ("dcgan", {"base_channels": 8}, (1, 32, 32)),
    ("dcgan", {"base_channels": 16}, (1, 32, 32)),
    ("dcgan", {"base_channels": 32}, (1, 32, 32)),
    ("dcgan", {"base_channels": 64}, (1, 32, 32)),
]
STEPS, ROUNDS = 10, 5


def seconds_a_step(trainer: ganzoo.Trainer) -> float:
    start = time.perf_counter()
    for _ in range(STEPS):
        trainer.train_step()
    return (time.perf_counter() - start) / STEPS


def main() -> None:
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for arch, options, shape in PAIRS:
        pair = {
            p: noise_trainer({"name": arch, **options}, "bce", shape, precision=p)
            for p in ("fp32", "bf16")
        }
        times: dict[str, list[float]] = {p: [] for p in pair}
        for turn in range(ROUNDS + 1):
            for precision, trainer in pair.items():
                taken = seconds_a_step(trainer)
                if turn:  # the first round warms up
                    times[precision].append(taken)
        parameters = sum(
            p.numel()
            for net in (pair["fp32"].generator, pair["fp32"].discriminator)
            for p in net.parameters()
        )
        medians = {p: statistics.median(t) for p, t in times.items()}
        print(
            f"{arch:8} {options!s:22} {'x'.join(map(str, shape)):8} {parameters:10,} parameters  "
            f"fp32 {1e3 * medians['fp32']:7.2f} ms  bf16/fp32 "
            f"{medians['bf16'] / medians['fp32']:.2f}"
        )


if __name__ == "__main__":
    main()
