"""Kills a training run again and again, and looks after each kill. Run by test_crash.py.

A program of its own, so that the runs can be forked from a process that has imported everything
once, and has no threads. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import torch

import ganzoo
from ganzoo.run import checkpoints, journal

SETTINGS = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 500},
    "penalty": {"r1": {"interval": 3}},
    "n_critic": 2,
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 7,
    "sample_every": 50,
    "checkpoint_every": 10,
    "keep": 3,
    "device": "cpu",
}


def life(run_dir: Path) -> None:
    """Train, or go on, until killed."""
    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    try:
        ganzoo.train(run_dir=run_dir, resume="auto", steps=10**6, **SETTINGS)
    finally:
        os._exit(3)  # only if it ended by itself: the parent takes it for a failure


def kill_one(run_dir: Path, noise: random.Random) -> None:
    """Fork a life and end it: at any moment, or just while a checkpoint is being written."""
    child = os.fork()
    if child == 0:
        life(run_dir)
    if noise.random() < 0.5:
        time.sleep(noise.uniform(0, 1.2))
    else:
        time.sleep(noise.uniform(0, 0.6))
        deadline = time.time() + 2
        while time.time() < deadline and not list(run_dir.glob("checkpoints/.*")):
            time.sleep(0.0005)
        time.sleep(noise.uniform(0, 0.004))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"a run ended by itself: {status}"


def check(run_dir: Path) -> dict[str, int]:
    """No checkpoint that was reported is lost, but those that `keep` let go; all are whole."""
    if not (run_dir / "config.toml").exists():
        return {"before_config": 1}
    run = ganzoo.Run(run_dir)
    reported = [
        e["step"] for e in journal.read(run.directory.journal) if e["event"] == "checkpoint"
    ]
    for step in set(reported) - set(run.steps):  # let go of, by as many newer ones
        newer = [kept for kept in run.steps if kept > step]
        assert len(newer) >= SETTINGS["keep"], (reported, run.steps)
    for step in run.steps:
        for network in checkpoints.NETWORKS:
            checkpoints.read_weights(run.directory.checkpoint(step), network)
    half = [p for p in run.directory.checkpoints.glob(".*") if "removed" not in p.name]
    return {
        "before_first_checkpoint": not run.steps,
        "inside_checkpoint": bool(half),
        "inside_removal": bool(list(run.directory.checkpoints.glob(".*.removed"))),
        "killed": run.state == "killed",
    }


def main(folder: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    ganzoo.train(run_dir=folder / "warm-up", steps=1, **SETTINGS)  # imports, store
    shutil.rmtree(folder / "warm-up")
    noise, run_dir = random.Random(seed), folder / "killed"
    seen: dict[str, int] = {}
    for _ in range(kills):
        kill_one(run_dir, noise)
        for name, value in check(run_dir).items():
            seen[name] = seen.get(name, 0) + int(value)
    end = max(ganzoo.Run(run_dir).steps, default=0) + 25
    ganzoo.resume(run_dir, steps=end)
    ganzoo.train(run_dir=folder / "through", steps=end, **SETTINGS)
    print(json.dumps({"kills": kills, "steps": end, **seen}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
