"""Prints a hash of what every first-party architecture and loss become within five steps.

    python tests/benchmarks/bits.py > before.txt
    # change the engine
    python tests/benchmarks/bits.py > after.txt; diff before.txt after.txt

A change that is not to move a bit leaves every line as it was, in one environment and with one
number of threads. Each line hashes the weights of both networks, the averaged generator and the
optimizers' state, as a checkpoint holds them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

import ganzoo

SMALL: dict[str, dict[str, Any]] = {
    "vanilla": {"name": "vanilla", "width": 16, "depth": 2, "latent_dim": 8},
    "dcgan": {"name": "dcgan", "base_channels": 4, "latent_dim": 8},
}
"""Every first-party architecture, small."""

VARIANTS: dict[str, dict[str, Any]] = {
    "grey": {"channels": 1},
    "colour": {"channels": 3},
    "conditional": {"channels": 3, "conditional": True},
    "n_critic": {"channels": 1, "n_critic": 2},
    "fresh fakes": {"channels": 1, "reuse_fakes": False, "horizontal_flip": True},
    "lazy": {"channels": 1, "lazy": True},
    "accumulation": {"channels": 1, "grad_accum_steps": 2},
    "bf16": {"channels": 1, "precision": "bf16"},
}
"""What is varied, one thing at a time."""

COMMON = {"size": 16, "batch_size": 8, "steps": 5, "precision": "fp32", "device": "cpu", "seed": 3}


def combinations() -> Iterator[tuple[str, dict[str, Any]]]:
    """A title and the arguments of `ganzoo.train` for each line."""
    for arch, choice in SMALL.items():
        for loss in ganzoo.names("loss"):
            for title, variant in VARIANTS.items():
                settings = {**COMMON, **variant}
                chosen = {"arch": choice, "loss": loss, "data": "emoji"}
                if settings.pop("lazy", False):
                    chosen["penalty"] = {"r1": {"interval": 2}}
                yield f"{arch} {loss} {title}", {**chosen, **settings}


def digest(folder: Path) -> str:
    """A hash of a checkpoint's tensors: both networks, the average, the optimizers."""
    found = hashlib.sha256()
    for network in ("generator", "discriminator", "ema"):
        for name, tensor in sorted(load_file(folder / f"{network}.safetensors").items()):
            found.update(name.encode() + _bytes(tensor))
    for optimizer in _optimizers(torch.load(folder / "state.pt", weights_only=True)):
        for number, state in sorted(optimizer["state"].items()):
            for name, value in sorted(state.items()):
                found.update(f"{number} {name}".encode() + _bytes(torch.as_tensor(value)))
    return found.hexdigest()[:16]


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()


def _optimizers(state: Any) -> Iterator[Mapping[str, Any]]:
    """Every optimizer's state in what a checkpoint keeps, wherever it is."""
    if isinstance(state, Mapping):
        if {"state", "param_groups"} <= set(state):
            yield state
        else:
            for _, inner in sorted(state.items()):
                yield from _optimizers(inner)


def train_all(only: str) -> None:
    """Train every combination; in a process group each takes part, and rank 0 prints."""
    for title, arguments in combinations():
        if only not in title:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = ganzoo.train(run_dir=next(_FOLDERS), **arguments)
        if _RANK == 0:
            print(f"{title}: {digest(run.directory.checkpoint(run.config.training.steps))}")
            sys.stdout.flush()


def main() -> None:
    """Print a line for each combination in one process, then again in two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="combinations whose title holds this")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)  # of the two processes
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.folder is None:
        with tempfile.TemporaryDirectory() as folder:
            _use(Path(folder) / "one")
            print("one process", flush=True)
            train_all(asked.only)
            print("two processes", flush=True)
            here = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
            own = [__file__, "--only", asked.only, "--folder", f"{folder}/two"]
            subprocess.run([*here, *own], check=True, stderr=subprocess.DEVNULL)
        return
    torch.distributed.init_process_group("gloo")
    _use(asked.folder)
    train_all(asked.only)
    os._exit(0)  # gloo's threads may abort a process that Python is taking apart


def _use(folder: Path) -> None:
    global _FOLDERS, _RANK
    _FOLDERS = (folder / str(number) for number in range(10_000))
    _RANK = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0


_FOLDERS: Iterator[Path]
_RANK: int

if __name__ == "__main__":
    main()
