"""The modes of execution, and how fast each of them trains."""

from __future__ import annotations

import gc
import statistics
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from cases import CASES, DCGAN, HALF, Case, noise_trainer, now
from overhead import operations, peak
from scripts import BCEScript

import ganzoo

MODES: dict[str, dict[str, Any]] = {
    "eager": {},
    "compile": {"compile": "on"},
    "graphs": {"cuda_graphs": "on"},
    "both": {"compile": "on", "cuda_graphs": "on"},
}
"""Settings of each mode."""

STYLEGAN2 = {"name": "stylegan2", "mapping_layers": 2, "discriminator": "plain"}
R1 = {"penalty": {"r1": {"weight": 0.01, "interval": 16}}}

TIMED = {
    "mlp-28": CASES["mlp-28"],
    "dcgan-32": CASES["dcgan-32"],
    "dcgan-64": CASES["dcgan-64"],
    "dcgan-128": Case(DCGAN, "bce", BCEScript, 128, 3, 1),
    "wgan-gp-64": Case(HALF, "wgan-gp", BCEScript, 64, 3, 1),
    "sngan-32": Case(
        {"name": "resnet", "variant": "sngan", "base_channels": 64, "hidden_width": "output"},
        "hinge",
        BCEScript,
        32,
        3,
        1,
        {"conditional": True, "constraints": {"spectral-norm": {"networks": "discriminator"}}},
    ),
    "biggan-32": Case(
        {"name": "biggan", "base_channels": 96, "latent_dim": 80},
        "hinge",
        BCEScript,
        32,
        3,
        1,
        {"conditional": True, "constraints": {"spectral-norm": {}}},
    ),
    "stylegan2-32": Case(STYLEGAN2, "bce", BCEScript, 32, 3, 1, R1),
    "stylegan2-64": Case(STYLEGAN2, "bce", BCEScript, 64, 3, 1, R1),
    "r3gan-32": Case({"name": "r3gan"}, "relativistic", BCEScript, 32, 3, 1),
    "r3gan-64": Case({"name": "r3gan"}, "relativistic", BCEScript, 64, 3, 1),
}
"""The cases of the table: the networks of the recipes dcgan, sngan-cifar10, biggan-cifar10,
stylegan2-ada-cifar10 and r3gan-cifar10, with one update of each network a step and without ADA."""

SMALL: dict[str, dict[str, Any]] = {
    "vanilla": {"name": "vanilla", "width": 16, "depth": 1},
    "dcgan": {"name": "dcgan", "base_channels": 4},
    "resnet": {"name": "resnet", "base_channels": 4},
    "biggan": {"name": "biggan", "base_channels": 4},
    "stylegan2": {"name": "stylegan2", "channel_base": 64, "channel_max": 8},
    "r3gan": {"name": "r3gan", "base_channels": 32, "blocks": 1},
}
"""The networks of a quick run."""


@contextmanager
def refusals() -> Iterator[Callable[[], str]]:
    """Within it, the result returns why ganzoo trains without a mode; empty if it does not."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = ganzoo.GanzooWarning
        yield lambda: next(
            (
                str(warning.message).removesuffix(". Training without it")
                for warning in caught
                if issubclass(warning.category, ours) and "raining without" in str(warning.message)
            ),
            "",
        )


@contextmanager
def fresh_compiler(mode: str) -> Iterator[None]:
    """Within it, a compiler without a memory, if the mode compiles.

    It fails where it would give up on a function and run it in eager mode, as torch does after it
    has compiled one several times.

    Args:
        mode: of `MODES`.
    """
    if "compile" not in MODES[mode]:
        yield
        return
    import torch._dynamo

    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    with torch._dynamo.config.patch(fail_on_recompile_limit_hit=True):
        yield


def measure(
    case: str, precision: str, mode: str, *, device: str, batch_size: int, quick: bool
) -> dict[str, Any]:
    """Time the steps of one case in one mode.

    Returns:
        `outcome`: `"timed"`, or `"refused"` with `why`; and the numbers of the table.
    """
    chosen, place = TIMED[case], torch.device(device)
    if quick:
        chosen = replace(chosen, arch=SMALL[chosen.arch["name"]])
    gc.collect()
    if place.type == "cuda":
        torch.cuda.init()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(place)
    with fresh_compiler(mode), refusals() as refusal:
        trainer = noise_trainer(
            chosen.arch,
            chosen.loss,
            (chosen.channels, chosen.size, chosen.size),
            batch_size=batch_size,
            device=device,
            precision=precision,
            classes=10,
            **chosen.settings,
            **MODES[mode],
        )
        numbers = _time(trainer, refusal, quick=quick)
        if refusal():
            return {"outcome": "refused", "why": refusal()}
    seconds, flops = numbers["ms_per_step"] / 1e3, numbers["operations_per_step"]
    return {
        "outcome": "timed",
        "images_per_second": batch_size / seconds,
        "operations_per_second": flops and flops / seconds,
        "product": _product(precision, chosen, place),
        **numbers,
        **_compilations(mode),
    }


def _time(trainer: ganzoo.Trainer, refusal: Callable[[], str], *, quick: bool) -> dict[str, Any]:
    """Warm up, then time blocks of steps; nothing where the mode was refused."""
    if refusal():  # before the first step: the device has no such mode
        return {}

    # Warm up; a step is captured as a CUDA graph after three.
    start = now(trainer.device)
    trainer.train_step()
    first = now(trainer.device) - start
    if refusal():
        return {}
    for _ in range(4 if quick else 9):
        trainer.train_step()
    warmed_up = now(trainer.device) - start

    # Blocks of about a quarter of a second.
    block = 1 if quick else max(1, min(200, round(0.25 / _block(trainer, 1))))
    times = [1e3 * _block(trainer, block) for _ in range(2 if quick else 7)]
    return {
        "ms_per_step": statistics.median(times),
        "ms_range": [min(times), max(times)],
        "first_step_s": first,
        "warm_up_s": warmed_up,
        **_peak_memory(trainer.device),
        "operations_per_step": _operations(trainer),  # last: it trains in eager mode
    }


def measure_products(*, device: str, quick: bool) -> dict[str, Any]:
    """Operations a second of a large matrix product, in each precision."""
    place, side = torch.device(device), 512 if quick else None
    rates = {"bf16": peak("bf16", place, side), "fp32": peak("fp32", place, side)}
    if place.type == "cuda":
        allowed = torch.backends.cuda.matmul.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = True
        rates["tf32"] = peak("fp32", place, side)
        torch.backends.cuda.matmul.allow_tf32 = allowed
    return {"outcome": "timed", "operations_per_second": rates}


def _product(precision: str, case: Case, device: torch.device) -> str:
    """The matrix product to compare with: torch runs the convolutions of fp32 in TF32 on a GPU."""
    convolves = case.arch["name"] != "vanilla"
    if precision == "fp32" and device.type == "cuda" and convolves:
        return "tf32" if torch.backends.cudnn.allow_tf32 else "fp32"
    return precision


def _operations(trainer: ganzoo.Trainer) -> int | None:
    """Operations of a step; None where torch cannot count them, which costs no measurement."""
    try:
        return operations(trainer)
    except Exception as error:
        print(f"  operations cannot be counted: {error}", flush=True)
        return None


def _block(trainer: ganzoo.Trainer, steps: int) -> float:
    """Seconds of a step, as the mean over a block of steps."""
    start = now(trainer.device)
    for _ in range(steps):
        trainer.train_step()
    return (now(trainer.device) - start) / steps


def _peak_memory(device: torch.device) -> dict[str, float]:
    """MiB on the GPU: of tensors, and of all that torch's allocator holds."""
    if device.type != "cuda":
        return {}
    return {
        "peak_allocated_mib": torch.cuda.max_memory_allocated(device) / 2**20,
        "peak_reserved_mib": torch.cuda.max_memory_reserved(device) / 2**20,
    }


def _compilations(mode: str) -> dict[str, int]:
    """How many graphs the compiler made, and where it had to break one."""
    if "compile" not in MODES[mode]:
        return {}
    counters = torch._dynamo.utils.counters
    return {
        "compiled_graphs": counters["stats"]["unique_graphs"],
        "graph_breaks": sum(counters["graph_break"].values()),
    }
