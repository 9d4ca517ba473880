"""Does a faster way to compute a step cost quality? Trains in each way, over seeds.

    python tests/benchmarks/quality.py
    python tests/benchmarks/quality.py wgan-gp --steps 150 --seeds 0 1 2

Every way trains the same networks for the same steps on Fashion-MNIST at 32 pixels. Prints the
Fréchet distances of two extractors, mean and standard deviation over seeds, with the floor. Two
ways are equally good if they differ by less than seeds do.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import ganzoo

WAYS: dict[str, dict[str, dict[str, Any]]] = {
    "bce": {
        "fp32, new fakes": {"precision": "fp32", "reuse_fakes": False},
        "fp32": {"precision": "fp32"},
        "bf16": {"precision": "bf16"},
    },
    "wgan-gp": {
        "fp32": {"precision": "fp32"},
        "bf16, penalty fp32": {"precision": "bf16", "penalty_precision": "fp32"},
        "bf16": {"precision": "bf16"},
    },
}
EXTRACTORS = ("efficientnet-lite0", "classifier")


def distances(loss: str, settings: dict[str, Any], asked: argparse.Namespace, seed: int) -> Any:
    """The Fréchet distances of one training, and their floors."""
    with tempfile.TemporaryDirectory() as folder:
        run = ganzoo.train(
            arch={"name": "dcgan", "base_channels": asked.width},
            loss=loss,
            data="fashion-mnist",
            size=32,
            steps=asked.steps,
            seed=seed,
            threads=asked.threads,
            run_dir=Path(folder) / "run",
            **settings,
        )
        found = [
            ganzoo.evaluate(run, metrics="frechet", extractor=extractor, n=asked.n)[0]
            for extractor in EXTRACTORS
        ]
    return [(result.name, result.value, result.floor) for result in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("losses", nargs="*", metavar="LOSS", help=", ".join(WAYS))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--n", type=int, default=1000)
    asked = parser.parse_args()
    for loss in asked.losses or list(WAYS):
        for way, settings in WAYS[loss].items():
            runs = [distances(loss, settings, asked, seed) for seed in asked.seeds]
            for column in zip(*runs, strict=True):
                values = [value for _, value, _ in column]
                spread = statistics.stdev(values) if len(values) > 1 else 0.0
                print(
                    f"{loss:8} {way:20} {column[0][0]:16} {statistics.mean(values):8.1f} ± "
                    f"{spread:6.1f}  (floor {column[0][2]:.1f}; {len(values)} seeds)",
                    flush=True,
                )


if __name__ == "__main__":
    main()
