"""Where does the time of a step go, and how near is it to what the machine can do?

    python tests/benchmarks/overhead.py
    python tests/benchmarks/overhead.py mlp-28 dcgan-64 --set precision=fp32

Trains each case by `ganzoo.train` with log and diagnosis, and prints milliseconds of a step: the
passes through both networks and their losses, the optimizers, the EMA, the data, and the rest,
which is the engine. Then the share of time outside the networks, the floating-point operations of
a step, the rate of them, and that rate as a share of a large matrix product's in the same process.
On a GPU every part waits for the device, so the whole is slower than usual; a step that is captured
as a CUDA graph has no parts to time.
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from cases import CASES, add_settings, machine, now, settings, train
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

import ganzoo

WARM_UP = 4


class Split(ganzoo.Observer):
    """Times the parts of each step by wrapping what the trainer calls."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.parts: dict[str, list[float]] = defaultdict(list)
        self.spent: dict[str, float] = defaultdict(float)
        self.flops = 0
        self.precision = ""

    def started(self, trainer: Any, steps: int) -> None:
        self.precision = trainer.execution.precision
        for update in (trainer.discriminator_update, trainer.generator_update):
            update.gradients._backward = self.timed("networks", update.gradients._backward)
            optimizer = update.optimizer.torch
            optimizer.step = self.timed("optimizers", optimizer.step)
        if trainer.shares_fakes:  # made outside of both objectives
            objective = trainer.generator_update.objective
            objective.generate = self.timed("networks", objective.generate)
        trainer._draw = self.timed("data", trainer._draw)
        trainer.ema.update = self.timed("average", trainer.ema.update)
        self.since = now(self.device)

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timing(*arguments: Any, **named: Any) -> Any:
            start = now(self.device)
            try:
                return call(*arguments, **named)
            finally:
                self.spent[part] += now(self.device) - start

        return timing

    def step(self, trainer: Any, terms: Any) -> None:
        ended = now(self.device)
        if trainer.step > WARM_UP:
            total = ended - self.since
            for part, seconds in self.spent.items():
                self.parts[part].append(seconds)
            self.parts["step"].append(total)
            self.parts["rest"].append(total - sum(self.spent.values()))
        if trainer.step == WARM_UP:
            self.flops = operations(trainer)
        self.spent.clear()
        self.since = now(self.device)


class Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts floating-point operations by torch's own formulas, inside penalties too.

    torch's `FlopCounterMode` cannot count a gradient inside a loss, since it follows modules.
    """

    total: int = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        returned = func(*args, **(kwargs or {}))
        count = flop_registry.get(func.overloadpacket)
        if count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=returned)
        return returned


def operations(trainer: Any) -> int:
    """Floating-point operations of one step; trains one more step in eager mode to count them."""
    batches, n_critic = trainer.training.batches_per_step, trainer.training.n_critic
    inputs = [trainer._draw(0)] * batches
    updates = (trainer.discriminator_update, trainer.generator_update)
    discriminator_penalties, generator_penalties = (
        update.objective.active_penalties(0) for update in updates
    )
    computes = [update.gradients.compute for update in updates]
    for update in updates:  # a compiled objective would hide its operations
        update.gradients.compute = update.objective
    try:
        counted = Operations()  # type: ignore[no-untyped-call]
        with counted:
            active = (discriminator_penalties,) * n_critic + (generator_penalties,)
            trainer.update_networks(inputs, active)
    finally:
        for update, compute in zip(updates, computes, strict=True):
            update.gradients.compute = compute
    return counted.total


def peak(precision: str, device: torch.device, side: int | None = None) -> float:
    """Operations a second of a large matrix product: the median, as others use the machine too."""
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision, torch.float32)
    side = side or (2048 if device.type == "cpu" else 8192)
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    product, times = a @ b, []
    for _ in range(12):
        start = now(device)
        torch.mm(a, b, out=product)  # no allocation
        times.append(now(device) - start)
    return 2 * side**3 / statistics.median(times)


HEAD = """\
| case | step | networks | optimizers | EMA | data | rest | outside | GFLOP | GFLOP/s | share |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def row(name: str, steps: int, asked: dict[str, Any], *, quick: bool = False) -> str:
    """A row of the table: milliseconds. The matrix product is a small one if it is to be quick."""
    device = torch.device(asked["device"])
    split = Split(device)
    train(CASES[name], WARM_UP + steps, [split], asked)
    part = {key: 1e3 * statistics.median(values) for key, values in split.parts.items()}
    outside = 1 - part["networks"] / part["step"]
    rate = split.flops / part["step"] * 1e3
    top = peak(split.precision, device, 512 if quick else None)
    return (
        f"| {name}, {split.precision} | {part['step']:.1f} | {part['networks']:.1f} | "
        f"{part['optimizers']:.2f} | {part['average']:.2f} | {part['data']:.2f} | "
        f"{part['rest']:.2f} | {outside:.1%} | {split.flops / 1e9:.1f} | "
        f"{rate / 1e9:.0f} | {rate / top:.0%} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add_settings(parser)
    parser.add_argument("--steps", type=int, default=12)
    asked = parser.parse_args()
    print(f"{machine(asked.device)}; {' '.join(asked.set) or 'automatic settings'}\n\n{HEAD}")
    for name in asked.cases or CASES:
        print(row(name, asked.steps, settings(asked)), flush=True)


if __name__ == "__main__":
    main()
