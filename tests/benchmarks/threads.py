"""Is one thread faster than several for small networks? Times steps of both, by turns.

    python tests/benchmarks/threads.py --threads 2

Prints medians of a training step in milliseconds, and their range. `ganzoo.run.threads` chooses by
the size of the networks.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

import torch
from cases import machine, noise_trainer

NETWORKS: dict[str, dict[str, Any]] = {
    **{f"vanilla, width {w}": {"name": "vanilla", "width": w} for w in (16, 64, 256, 512)},
    **{f"dcgan, {c} channels": {"name": "dcgan", "base_channels": c} for c in (4, 8, 16, 32)},
}


def times(threads: int, blocks: int = 7, block: int = 20) -> list[float]:
    """The median time of a step of each network, in milliseconds."""
    torch.set_num_threads(threads)
    medians = []
    for arch in NETWORKS.values():
        trainer = noise_trainer(arch, "bce", (1, 32, 32), batch_size=64, device="cpu")
        for _ in range(block):
            trainer.train_step()
        measured = []
        for _ in range(blocks):
            start = time.perf_counter()
            for _ in range(block):
                trainer.train_step()
            measured.append(1e3 * (time.perf_counter() - start) / block)
        medians.append(statistics.median(measured))
    return medians


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        print(json.dumps(times(asked.only)))
        return

    # Alternate, each in a process of its own.
    counts = (1, asked.threads)
    rounds: dict[int, list[list[float]]] = {count: [] for count in counts}
    for _ in range(asked.rounds):
        for count in counts:
            command = [sys.executable, __file__, "--only", str(count)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rounds[count].append(json.loads(done.stdout.splitlines()[-1]))

    # Print.
    print(f"{machine('cpu')}, batches of 64 at 32 pixels\n")
    print(f"| networks | one thread | {asked.threads} threads |\n| --- | --- | --- |")
    for k, name in enumerate(NETWORKS):
        cells = []
        for count in counts:
            own = [measured[k] for measured in rounds[count]]
            cells.append(f"{statistics.median(own):.1f} ms ({min(own):.1f} to {max(own):.1f})")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
