"""Where does the time of a step go, and how near is it to what the machine can do?

    python tests/benchmarks/overhead.py
    python tests/benchmarks/overhead.py mlp-28 dcgan-64 --precision fp32

Of each case of `against_scripts.py`, trained through the public API with log and diagnosis: the
time of a step, of the passes through both networks and their losses, of the optimizers, of the
moving average, of data, and what is left, which is the engine's own; floating-point operations of
a step, how many a second, and beside it the matrix product's peak measured in the same process;
and the time from the call of `ganzoo.train` to the first step.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from against_scripts import CASES, train
from torch.utils.flop_counter import FlopCounterMode

import ganzoo

WARM_UP = 4


class Split(ganzoo.Observer):
    """Times the parts of each step by wrapping what the trainer calls."""

    def __init__(self) -> None:
        self.parts: dict[str, list[float]] = defaultdict(list)
        self.spent: dict[str, float] = defaultdict(float)
        self.flops = 0
        self.first = 0.0

    def started(self, trainer: Any, steps: int) -> None:
        for update in (trainer.discriminator_update, trainer.generator_update):
            update._backward = self.timed("networks", update._backward)
            update.optimizer.step = self.timed("optimizers", update.optimizer.step)
        module = __import__("ganzoo.engine.trainer", fromlist=["generate"])
        self.undo = (module, module.generate)
        module.generate = self.timed("networks", module.generate)
        trainer._draw = self.timed("data", trainer._draw)
        trainer.ema.update_parameters = self.timed("average", trainer.ema.update_parameters)
        self.since = time.perf_counter()

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timing(*arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*arguments, **named)
            finally:
                self.spent[part] += time.perf_counter() - start

        return timing

    def step(self, trainer: Any, terms: Any) -> None:
        now = time.perf_counter()
        self.first = self.first or now
        if trainer.step > WARM_UP:
            total = now - self.since
            for part, seconds in self.spent.items():
                self.parts[part].append(seconds)
            self.parts["step"].append(total)
            self.parts["rest"].append(total - sum(self.spent.values()))
        self.spent.clear()
        if trainer.step == WARM_UP:
            self.flops = operations(trainer)
            self.spent.clear()
        self.since = time.perf_counter()

    def finished(self, trainer: Any) -> None:
        self.undo[0].generate = self.undo[1]


def operations(trainer: Any) -> int:
    """Floating-point operations of a step, counted on one; 0 where torch cannot count them."""
    try:
        with FlopCounterMode(display=False) as counter:
            trainer._updates([trainer._draw(0)] * trainer.training.batches_per_step, trainer._due())
    except RuntimeError:  # torch's counter does not take a gradient inside a loss
        return 0
    return int(counter.get_total_flops())


def peak(dtype: torch.dtype) -> float:
    """Operations a second of a large matrix product."""
    a, b = (torch.randn(2048, 2048).to(dtype) for _ in range(2))
    times = []
    for _ in range(8):
        start = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - start)
    return 2 * 2048**3 / min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--steps", type=int, default=12)
    asked = parser.parse_args()
    peaks = {name: peak(dtype) for name, dtype in
             (("bf16", torch.bfloat16), ("fp32", torch.float32))}  # fmt: skip
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {asked.precision}; "
          f"matrix product {peaks['bf16'] / 1e9:.0f} GFLOP/s in bf16, "
          f"{peaks['fp32'] / 1e9:.0f} in fp32")  # fmt: skip
    for name in asked.cases or list(CASES):
        split, start = Split(), time.perf_counter()
        train(CASES[name], WARM_UP + asked.steps, [split], asked.precision)
        part = {key: 1e3 * statistics.median(values) for key, values in split.parts.items()}
        outside = 1 - part["networks"] / part["step"]
        print(
            f"{name:22} step {part['step']:7.1f} ms: networks {part['networks']:7.1f}, optimizers "
            f"{part['optimizers']:5.2f}, average {part['average']:5.2f}, data {part['data']:5.2f}, "
            f"rest {part['rest']:5.2f}; outside {outside:5.1%}; {split.flops / 1e9:6.1f} GFLOP, "
            f"{split.flops / part['step'] / 1e6:5.0f} GFLOP/s; first step after "
            f"{split.first - start:.1f} s"
        )


if __name__ == "__main__":
    main()
