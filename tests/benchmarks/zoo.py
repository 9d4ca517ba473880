"""Trains and evaluates every architecture with every loss, and compares them.

    python tests/benchmarks/zoo.py OUT --estimate                 # seconds a step, for each pair
    python tests/benchmarks/zoo.py OUT --steps 2000 --seeds 0 1 2 # train, evaluate, write
    python tests/benchmarks/zoo.py OUT --steps 2000 --arch dcgan --loss bce hinge --seeds 0

It can be stopped at any time and started again: finished runs are kept, others resume from their
last checkpoint, and no run is evaluated twice. More steps or seeds can be added in the same OUT.
OUT then holds `zoo.md`, a table for each dataset with the mean and the standard deviation over
seeds; `DATA.webp`, a sheet of pictures; and `runs/` and `results/`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

import ganzoo

SIZE = 32
PICTURES = 16
LABEL = 14
"""Height in pixels of the name above each picture of the sheet."""


@dataclass(frozen=True)
class Pair:
    """An architecture and a loss on a dataset."""

    data: str
    arch: str
    loss: str

    def __str__(self) -> str:
        return f"{self.data}-{self.arch}-{self.loss}"


def main() -> None:
    asked = arguments()
    torch.set_num_threads(asked.threads)
    if asked.estimate:
        estimate(asked)
        return
    asked.out.mkdir(parents=True, exist_ok=True)
    wanted = [(pair, seed) for seed in asked.seeds for pair in pairs(asked)]
    for number, (pair, seed) in enumerate(wanted, start=1):
        print(f"[{number}/{len(wanted)}] {pair}, seed {seed}: ", end="", flush=True)
        print(done(pair, seed, asked), flush=True)
        write(asked)  # the tables so far


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("out", type=Path)
    add("--data", nargs="+", default=["fashion-mnist", "emoji"])
    add("--arch", nargs="+", default=ganzoo.names("architecture"))
    add("--loss", nargs="+", default=ganzoo.names("loss"))
    add("--steps", type=int, default=2000, help="generator updates of each run")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--threads", type=int, default=1)
    add("--batch-size", type=int, default=64)
    add("--n", type=int, default=5000, help="images of each evaluation")
    add("--option", nargs="*", default=["dcgan.base_channels=32"], help="of architectures")
    add("--estimate", action="store_true", help="only time a few steps of each pair")
    return parser.parse_args()


def pairs(asked: argparse.Namespace) -> Iterator[Pair]:
    for data in asked.data:
        for arch in asked.arch:
            for loss in asked.loss:
                yield Pair(data, arch, loss)


def settings(pair: Pair, asked: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `ganzoo.train`; loss and architecture recommend the rest."""
    given = dict(text.split("=") for text in asked.option)
    own = {key.split(".")[1]: int(v) for key, v in given.items() if key.split(".")[0] == pair.arch}
    return {
        "arch": {"name": pair.arch, **own},
        "loss": pair.loss,
        "data": pair.data,
        "size": SIZE,
        "batch_size": asked.batch_size,
        "threads": asked.threads,
        "device": "cpu",
    }


class Clock(ganzoo.Observer):
    """Notes when each step ends."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def step(self, trainer: ganzoo.TrainerState, terms: Any) -> None:
        self.times.append(time.perf_counter())


def estimate(asked: argparse.Namespace, steps: int = 12, warm_up: int = 4) -> None:
    """Print milliseconds of a step of each pair, and hours of all runs."""
    total = 0.0
    for pair in pairs(asked):
        clock = Clock()
        try:
            with tempfile.TemporaryDirectory() as folder:
                ganzoo.train(
                    **settings(pair, asked),
                    steps=steps,
                    sample_count=1,
                    observers=[clock],
                    run_dir=Path(folder) / "run",
                )
        except ganzoo.UsageError as refusal:
            print(f"{pair!s:40} refused: {str(refusal).splitlines()[0]}", flush=True)
            continue
        gaps = [b - a for a, b in zip(clock.times, clock.times[1:], strict=False)]
        step = statistics.median(gaps[warm_up:])
        total += step * asked.steps * len(asked.seeds)
        print(f"{pair!s:40} {1000 * step:8.1f} ms a step", flush=True)
    print(
        f"{asked.steps} steps of {len(asked.seeds)} seeds: {total / 3600:.1f} hours of training "
        f"on {asked.threads} thread(s), without evaluation"
    )


def result_file(pair: Pair, seed: int, asked: argparse.Namespace) -> Path:
    return Path(asked.out) / "results" / f"{pair}-{seed}.json"


def result_of(pair: Pair, seed: int, asked: argparse.Namespace) -> dict[str, Any] | None:
    """The stored result of these steps and images; None where there is none."""
    try:
        found: dict[str, Any] = json.loads(result_file(pair, seed, asked).read_text())
    except (OSError, ValueError):
        return None
    if found["steps"] != asked.steps or found["n"] != asked.n:
        return None
    unmeasured = found.get("metrics") == [] and can_measure()  # no metric was installed
    return None if unmeasured else found


def done(pair: Pair, seed: int, asked: argparse.Namespace) -> str:
    """Train and evaluate one run, unless it is done; returns a few words for the terminal."""
    if result_of(pair, seed, asked) is not None:
        return "done before"
    result: dict[str, Any] = {"steps": asked.steps, "n": asked.n}
    place = asked.out / "runs" / f"{pair}-{seed}"
    try:
        run = ganzoo.train(
            **settings(pair, asked),
            steps=asked.steps,
            seed=seed,
            run_dir=place,
            resume="auto",
            override=True,
            keep=1,
            checkpoint_every=max(1, min(500, asked.steps)),
            sample_every=max(1, asked.steps // 5),
        )
        result["seconds"] = seconds(run, asked)
        result["metrics"] = evaluate(run, asked.n)
        said = f"{result['seconds']:.0f} s"
    except ganzoo.UsageError as refusal:
        if (place / "config.toml").exists():
            raise  # it composes: OUT holds runs of other settings
        result["refused"] = said = str(refusal).splitlines()[0]
    except ganzoo.Diverged as error:
        result["failed"] = said = f"diverged at step {error.step}: {error.what}"
    file = result_file(pair, seed, asked)
    file.parent.mkdir(exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(result))
    fresh.replace(file)
    return said


def seconds(run: ganzoo.Run, asked: argparse.Namespace) -> float:
    """Of training, by the log's own speed: a run may have been stopped in between."""
    speeds = [line["images_per_second"] for line in run.metrics()]
    if not speeds:
        return float("nan")
    return float(asked.steps * run.config.training.batch_size / statistics.median(speeds))


def can_measure() -> bool:
    """Whether this ganzoo can evaluate, and a metric is installed."""
    return hasattr(ganzoo, "evaluate") and bool(ganzoo.names("metric"))


def evaluate(run: ganzoo.Run, n: int) -> list[dict[str, Any]]:
    """Name, value, std and floor of each metric; nothing where nothing can be measured."""
    if not can_measure():
        return []
    keys = ("name", "value", "std", "floor")
    return [{key: getattr(result, key) for key in keys} for result in ganzoo.evaluate(run, n=n)]


def write(asked: argparse.Namespace) -> None:
    """The tables and the sheets, of whatever there is."""
    lines = [
        f"{asked.steps:,} steps of batches of {asked.batch_size} at {SIZE} px, "
        f"{asked.threads} thread(s), seeds {', '.join(map(str, asked.seeds))}; "
        f"{asked.n:,} images in each evaluation. Mean ± standard deviation over seeds.",
        "",
    ]
    for data in asked.data:
        lines += [f"## {data}", "", *table(data, asked), "", f"![{data}]({data}.webp)", ""]
        sheet(data, asked)
    (asked.out / "zoo.md").write_text("\n".join(lines))


def table(data: str, asked: argparse.Namespace) -> Iterator[str]:
    """A row for each pair, a column for each metric, and a row for the floor."""
    found = {
        pair: [r for s in asked.seeds if (r := result_of(pair, s, asked)) is not None]
        for pair in pairs(asked)
        if pair.data == data
    }
    metrics = [m for results in found.values() for r in results for m in r.get("metrics", [])]
    names = list(dict.fromkeys(m["name"] for m in metrics))
    yield "| architecture | loss | " + "".join(f"{name} | " for name in names) + "seconds | seeds |"
    yield "| --- | --- | " + "--- | " * len(names) + "--- | --- |"
    floors = [
        [m["floor"] for m in metrics if m["name"] == n and m["floor"] is not None] for n in names
    ]
    yield "| *real images* | | " + "".join(f"{spread(values)} | " for values in floors) + "| |"
    for pair, results in found.items():
        if not results:
            continue
        refusals = [r.get("refused") or r.get("failed") for r in results]
        said = next(filter(None, refusals), "")
        good = [r for r in results if "metrics" in r]
        cells = [
            spread([m["value"] for r in good for m in r["metrics"] if m["name"] == name])
            for name in names
        ]
        count = f"{len(good)} of {len(results)}" + (f" ({said})" if said else "")
        time_ = spread([r["seconds"] for r in good], digits=".0f")
        yield (
            f"| {pair.arch} | {pair.loss} | "
            + "".join(f"{c} | " for c in cells)
            + (f"{time_} | {count.replace('|', '/')} |")
        )


def spread(values: list[float], digits: str = ".3g") -> str:
    if not values:
        return ""
    mean = f"{statistics.mean(values):{digits}}"
    return mean + (f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else "")


def sheet(data: str, asked: argparse.Namespace) -> None:
    """Pictures of the first seed, a row an architecture, a column a loss."""
    side = 4 * (SIZE + 2) + 2
    whole = Image.new("RGB", (len(asked.loss) * side, len(asked.arch) * (side + LABEL)), "white")
    draw = ImageDraw.Draw(whole)
    for row, arch in enumerate(asked.arch):
        for column, loss in enumerate(asked.loss):
            pair, place = Pair(data, arch, loss), (column * side, row * (side + LABEL))
            draw.text((place[0] + 3, place[1] + 1), f"{arch} {loss}", fill="black")
            result = result_of(pair, asked.seeds[0], asked)
            if result is None or "metrics" not in result:
                continue
            run = ganzoo.Run(asked.out / "runs" / f"{pair}-{asked.seeds[0]}", device="cpu")
            with tempfile.TemporaryDirectory() as folder:
                file = ganzoo.save_grid(run.sample(PICTURES), Path(folder) / "grid.png", columns=4)
                with Image.open(file) as picture:
                    pixels = np.asarray(picture.convert("RGB"))
            whole.paste(Image.fromarray(pixels), (place[0], place[1] + LABEL))
    whole.save(asked.out / f"{data}.webp", lossless=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. The same command resumes.")
    except ganzoo.GanzooError as error:
        sys.exit(f"\n{error}")
