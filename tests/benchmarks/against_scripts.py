"""How fast is ganzoo against a typical script, on the same networks, data and machine?

    python tests/benchmarks/against_scripts.py             # every case, automatic precision
    python tests/benchmarks/against_scripts.py dcgan-64 --set precision=fp32
    python tests/benchmarks/against_scripts.py --device cuda --set cuda_graphs=on

Each side trains in a process of its own. After each block of steps it is the other's turn: A B A B.
ganzoo trains by `ganzoo.train` with log, diagnosis and EMA. The first block of each warms up.
Prints medians, their ratio with its range (ratios compare across machines, times do not), the time
from the start to the end of the first step (torch is imported by then), and peak memory: of the
process, or on a GPU of torch's allocator.
"""

from __future__ import annotations

import argparse
import resource
import statistics
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from cases import CASES, Case, add_settings, machine, make_script, now, settings, train

import ganzoo


class Turns:
    """Alternates with the other process: waits for a turn, then sends the time of a block."""

    def __init__(self, line: Connection, block: int, device: torch.device) -> None:
        self.line, self.block, self.device = line, block, device
        self.done = 0
        self.since = self._wait()
        self.begun, self.first = self.since, 0.0

    def step(self) -> None:
        """Count a step; after a block, wait for the next turn."""
        self.done += 1
        if self.done == 1:
            self.first = now(self.device) - self.begun
        if self.done % self.block == 0:
            self.line.send((now(self.device) - self.since) / self.block)
            self.since = self._wait()

    def end(self) -> None:
        """Send the time of the first step and the peak memory."""
        self.line.send((self.first, peak_memory(self.device)))

    def _wait(self) -> float:
        self.line.recv()
        return now(self.device)


def peak_memory(device: torch.device) -> float:
    """Peak memory in MiB: of this process, or on a GPU of torch's allocator."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # unlike ru_maxrss, this does not start from the memory of the parent process
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


class Paced(ganzoo.Observer):
    """Makes ganzoo alternate with the script."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns

    def step(self, trainer: Any, terms: Any) -> None:
        self.turns.step()


def ours(line: Connection, case: Case, blocks: int, asked: dict[str, Any]) -> None:
    """The process that trains by ganzoo."""
    turns = Turns(line, case.block, torch.device(asked["device"]))
    train(case, blocks * case.block, [Paced(turns)], asked)
    turns.end()


def theirs(line: Connection, case: Case, blocks: int, asked: dict[str, Any]) -> None:
    """The process that runs the script."""
    device = torch.device(asked["device"])
    turns = Turns(line, case.block, device)
    script = make_script(case, device)
    for _ in range(blocks * case.block):
        script.step()
        turns.step()
    turns.end()


def compare(
    name: str, rounds: int, asked: dict[str, Any], *, quick: bool = False
) -> dict[str, Any]:
    """Time a case in both processes; the first round warms up.

    If it is to be quick, a block is a step, and the processes are forked from one that has imported
    torch, whose pages they share.
    """
    case, context = CASES[name], get_context("spawn")
    if quick:
        case, context = replace(case, block=1), get_context("forkserver")
        context.set_forkserver_preload(["torch._dynamo", "ganzoo.run"])
    lines, processes = [], []
    for side in (ours, theirs):
        mine, its = context.Pipe()
        process = context.Process(target=side, args=(its, case, rounds + 1, asked), daemon=True)
        process.start()
        its.close()  # so that reading from a process that has died ends
        lines.append(mine)
        processes.append(process)
    seconds: list[list[float]] = [[], []]
    for _ in range(rounds + 1):
        for line, times in zip(lines, seconds, strict=True):
            line.send("go")
            times.append(line.recv())
    ends = []
    for line, process in zip(lines, processes, strict=True):
        line.send("end")
        ends.append(line.recv())
        process.join()
    a, b = (times[1:] for times in seconds)
    ratios = [script / mine for mine, script in zip(a, b, strict=True)]
    (first, peak), (script_first, script_peak) = ends
    return {
        "case": name,
        "ganzoo_ms": 1e3 * statistics.median(a),
        "script_ms": 1e3 * statistics.median(b),
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "images_per_second": case.batch_size / statistics.median(a),
        "first": first,
        "script_first": script_first,
        "peak": peak,
        "script_peak": script_peak,
    }


HEAD = """\
| case | ganzoo | script | ratio (range) | images/s | first step after | peak memory |
| --- | --- | --- | --- | --- | --- | --- |"""


def row(found: dict[str, Any]) -> str:
    """A row of the table."""
    return (
        "| {case} | {ganzoo_ms:,.1f} ms | {script_ms:,.1f} ms "
        "| **{ratio:.2f}** ({low:.2f} to {high:.2f}) | {images_per_second:,.0f} "
        "| {first:.1f} s, script {script_first:.1f} | {peak:,.0f} MiB, script {script_peak:,.0f} |"
    ).format(**found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add_settings(parser)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    print(f"{machine(asked.device)}; {' '.join(asked.set) or 'automatic settings'}\n\n{HEAD}")
    for name in asked.cases or CASES:
        print(row(compare(name, asked.rounds, settings(asked))), flush=True)


if __name__ == "__main__":
    main()
