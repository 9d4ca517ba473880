"""What does a checkpoint cost the training? DCGAN at 64 px, batches of 64.

Blocks of steps with and without a checkpoint alternate in one process. The extra time of a block is
divided by the time of a default interval of steps. With `--inline` the training thread itself
writes the checkpoint, for comparison.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
from cases import DCGAN, noise_trainer

import ganzoo
from ganzoo.config import LoggingConfig
from ganzoo.run import checkpoints
from ganzoo.run.checkpoint_writer import CheckpointWriter
from ganzoo.run.checkpoints import Manifest
from ganzoo.run.directory import RunDirectory

STEPS, ROUNDS = 6, 7


def main(*, inline: bool) -> None:
    trainer = noise_trainer(DCGAN, "bce", (3, 64, 64), batch_size=64)
    interval = LoggingConfig().checkpoint_every
    with tempfile.TemporaryDirectory() as folder:
        writer = CheckpointWriter(RunDirectory(Path(folder)))
        times: dict[str, list[float]] = {"without": [], "with": [], "copy": []}
        for turn in range(2 * ROUNDS + 2):
            saving = turn % 2 == 1
            start = time.perf_counter()
            if saving:
                taken = checkpoints.snapshot(trainer)
                times["copy"].append(time.perf_counter() - start)
                manifest = Manifest(trainer.step, trainer.image, ganzoo.Demands(), (), {})
                writer.submit(taken, manifest)
                if inline:
                    writer.collect(wait=True)
            for _ in range(STEPS):
                trainer.train_step()
            writer.collect(wait=True)
            if turn >= 2:  # the first pair warms up
                times["with" if saving else "without"].append(time.perf_counter() - start)
        size = sum(
            f.stat().st_size for f in next(Path(folder).rglob("manifest.json")).parent.iterdir()
        )
    step = statistics.median(times["without"]) / STEPS
    extra = statistics.median(b - a for a, b in zip(times["without"], times["with"], strict=True))
    spread = max(times["without"]) - min(times["without"])
    copy = statistics.median(times["copy"])
    how = "inline" if inline else "in a thread"
    print(f"torch {torch.__version__}, {trainer.device}, {torch.get_num_threads()} threads, {how}")
    print(f"a step {1e3 * step:.1f} ms; a checkpoint of {size / 2**20:.0f} MiB:")
    print(f"  copied in {1e3 * copy:.1f} ms, {1e3 * extra:.1f} ms in all")
    print(f"  (a block of {STEPS} steps varies by {1e3 * spread:.0f} ms)")
    print(f"every {interval} steps: {100 * extra / (interval * step):.3f} % of training time")


if __name__ == "__main__":
    main(inline="--inline" in sys.argv)
