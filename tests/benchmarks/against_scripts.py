"""How fast is ganzoo against a typical script, on the same networks, data and machine?

    python tests/benchmarks/against_scripts.py             # every case, automatic precision
    python tests/benchmarks/against_scripts.py dcgan-64 --precision fp32
    python tests/benchmarks/against_scripts.py --memory    # peak memory, each in its own process

ganzoo trains through its public API with log, diagnosis, EMA and all, and at the end of each block
of steps hands over to the script for a block: A B A B in one process. The first blocks warm up.
Printed are medians, their spread, and the ratio, which can be compared between machines.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from scripts import BCEScript, Script, WassersteinScript

import ganzoo


@dataclass(frozen=True)
class Case:
    """One kind of training."""

    arch: dict[str, Any]
    loss: str
    script: type[Script]
    size: int
    channels: int
    block: int
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def batch_size(self) -> int:
        return int(self.settings.get("batch_size", 64))


DCGAN = {"name": "dcgan", "base_channels": 64}
HALF = {"name": "dcgan", "base_channels": 32}
CASES = {
    "mlp-28": Case({"name": "vanilla"}, "bce", BCEScript, 28, 1, 40),
    "dcgan-32": Case(DCGAN, "bce", BCEScript, 32, 1, 10),
    "dcgan-64": Case(DCGAN, "bce", BCEScript, 64, 3, 3),
    "dcgan-32-conditional": Case(DCGAN, "bce", BCEScript, 32, 1, 10, {"conditional": True}),
    "wgan-gp-32": Case(
        {"name": "dcgan", "base_channels": 32}, "wgan-gp", WassersteinScript, 32, 1, 3
    ),
    "wgan-gp-64": Case(
        {"name": "dcgan", "base_channels": 32}, "wgan-gp", WassersteinScript, 64, 1, 2
    ),
}


def make_script(case: Case) -> Script:
    """The script's side, with networks of the same architecture."""
    architecture = ganzoo.create("architecture", case.arch["name"], **_options(case))
    source = ganzoo.create("dataset", "fashion-mnist").open()
    conditional = bool(case.settings.get("conditional"))
    spec = ganzoo.ImageSpec(case.channels, case.size, case.size, num_classes=10)
    wasserstein = case.script is WassersteinScript
    demands = ganzoo.Demands(forbids_batch_statistics=wasserstein, labels=conditional)
    networks = architecture.build(spec, demands)
    z = architecture.latent.sample(1)
    return case.script(
        networks.generator.train(),
        networks.discriminator.train(),
        z.shape[1],
        source.images,
        spec.shape,
        case.batch_size,
        1e-4 if wasserstein else 2e-4,
        (0.0, 0.9) if wasserstein else (0.5, 0.999),
        conditional=conditional,
    )


def _options(case: Case) -> dict[str, Any]:
    return {key: value for key, value in case.arch.items() if key != "name"}


class Alternate(ganzoo.Observer):
    """Times blocks of ganzoo's steps, and of the script's between them."""

    def __init__(self, case: Case, script: Script) -> None:
        self.block, self.script = case.block, script
        self.mine: list[float] = []
        self.theirs: list[float] = []

    def started(self, trainer: Any, steps: int) -> None:
        self.since = time.perf_counter()

    def step(self, trainer: Any, terms: Any) -> None:
        if trainer.step % self.block:
            return
        self.mine.append((time.perf_counter() - self.since) / self.block)
        start = time.perf_counter()
        for _ in range(self.block):
            self.script.step()
        self.theirs.append((time.perf_counter() - start) / self.block)
        self.since = time.perf_counter()


def train(case: Case, steps: int, observers: list[ganzoo.Observer], precision: str) -> None:
    """ganzoo's side."""
    with tempfile.TemporaryDirectory() as folder:
        ganzoo.train(
            arch=case.arch,
            loss=case.loss,
            data="fashion-mnist",
            size=case.size,
            channels=case.channels,
            steps=steps,
            precision=precision,
            run_dir=Path(folder) / "run",
            sample_every=10**6,
            observers=observers,
            **case.settings,
        )


def compare(name: str, rounds: int, precision: str) -> dict[str, Any]:
    """Time a case; the first round warms up."""
    case = CASES[name]
    alternate = Alternate(case, make_script(case))
    train(case, case.block * (rounds + 1), [alternate], precision)
    mine, theirs = alternate.mine[1:], alternate.theirs[1:]
    ratios = [b / a for a, b in zip(mine, theirs, strict=True)]
    return {
        "case": name,
        "ganzoo_ms": 1e3 * statistics.median(mine),
        "script_ms": 1e3 * statistics.median(theirs),
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "images_per_second": case.batch_size / statistics.median(mine),
    }


def peak_memory(name: str, side: str, precision: str) -> float:
    """MiB at most, in a process of its own that trains one side alone."""
    code = [sys.executable, __file__, name, "--alone", side, "--precision", precision]
    done = subprocess.run(code, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def alone(name: str, side: str, precision: str) -> None:
    """Train one side, and print the peak of resident memory in MiB."""
    case = CASES[name]
    if side == "ganzoo":
        train(case, 4 * case.block, [], precision)
    else:
        script = make_script(case)
        for _ in range(4 * case.block):
            script.step()
    print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--alone", choices=["ganzoo", "script"])
    asked = parser.parse_args()
    names = asked.cases or list(CASES)
    if asked.alone:
        alone(names[0], asked.alone, asked.precision)
        return
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {asked.precision}")
    for name in names:
        if asked.memory:
            sides = {s: peak_memory(name, s, asked.precision) for s in ("ganzoo", "script")}
            print(f"{name:22} peak MiB: ganzoo {sides['ganzoo']:.0f}, script {sides['script']:.0f}")
            continue
        row = compare(name, asked.rounds, asked.precision)
        print(
            f"{name:22} ganzoo {row['ganzoo_ms']:8.1f} ms  script {row['script_ms']:8.1f} ms  "
            f"{row['ratio']:.2f}x ({row['low']:.2f}-{row['high']:.2f})  "
            f"{row['images_per_second']:,.0f} images/s"
        )


if __name__ == "__main__":
    main()
