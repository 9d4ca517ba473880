"""Which setting makes the best pictures in the same minutes? Trains each for so long, and measures.

    python tests/benchmarks/same_minutes.py OUT --minutes 10 --seeds 0 1 2
    python tests/benchmarks/same_minutes.py OUT --data emoji \\
        --setting "dcgan: --arch dcgan --loss bce" --setting "mine: --recipe projected-quick"

A setting is a title and flags of `ganzoo train`. They are trained one after the other, in float32,
on an idle machine please. The Fréchet distance is by a classifier of the dataset, with which none
of them was trained. Prints a Markdown table for each dataset. OUT holds `results.jsonl`, one line
for each run, `pictures/` and `runs/`; what is in `results.jsonl` is not trained again.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from cases import machine

import ganzoo

SETTINGS = {
    "dcgan + bce": "--arch dcgan -o arch.base_channels=32 --loss bce",
    "vanilla + relativistic": "--arch vanilla --loss relativistic",
    "diffaugment-quick": "--recipe diffaugment-quick",
    "fastgan-quick": "--recipe fastgan-quick",
    "projected-quick": "--recipe projected-quick",
    "r3gan-quick": "--recipe r3gan-quick",
    "sngan-dcgan-quick": "--recipe sngan-dcgan-quick",
    "stylegan2-quick": "--recipe stylegan2-quick",
}
"""Flags of `ganzoo train` by title; the first two are what the others are to beat."""

Line = dict[str, Any]
"""One run: title, dataset, seed, minutes, steps, images, number and its floor; or an error."""


def trained(title: str, flags: str, data: str, seed: int, asked: argparse.Namespace) -> Line:
    """Train one run, and measure it."""
    # Train.
    name = f"{title.replace(' ', '')}-{data}-{seed}-{asked.minutes:g}min"
    run_dir = asked.out / "runs" / name
    shutil.rmtree(run_dir, ignore_errors=True)
    own = f"--data {data} --size {asked.size} --minutes {asked.minutes} --seed {seed}"
    own += f" --precision fp32 --threads {asked.threads} --device {asked.device}"
    command = [sys.executable, "-m", "ganzoo", "train", *shlex.split(flags), *own.split()]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "--run-dir", str(run_dir)], capture_output=True, text=True, check=False
    )
    line = {"title": title, "flags": flags, "data": data, "seed": seed, **_setup(asked)}
    line |= {"wall_minutes": round((time.perf_counter() - start) / 60, 2)}
    if done.returncode:
        return line | {"error": done.stderr.strip().splitlines()[-1]}

    # Keep a picture.
    run = ganzoo.Run(run_dir, device=asked.device)
    pictures = asked.out / "pictures"
    pictures.mkdir(exist_ok=True)
    ganzoo.save_grid(run.sample(64), pictures / f"{name}.png")

    # Measure.
    (result,) = ganzoo.evaluate(
        run, metrics="frechet", extractor=asked.extractor, n=asked.n, device=asked.device
    )
    steps = run.manifest.step
    images = steps * run.config.training.batch_size
    numbers = {"name": result.name, "value": result.value, "floor": result.floor}
    numbers["measured"] = result.n
    return line | numbers | {"steps": steps, "images": images}


def _setup(asked: argparse.Namespace) -> Line:
    """What must be the same for two lines to be compared."""
    return {name: getattr(asked, name) for name in ("minutes", "size", "threads", "device", "n")}


def table(data: str, lines: Sequence[Line], asked: argparse.Namespace) -> str:
    """A Markdown table of one dataset, the best setting first."""
    # Mean and standard deviation over seeds.
    rows, failed = [], [line for line in lines if "error" in line]
    for title in dict.fromkeys(line["title"] for line in lines if "error" not in line):
        own = [line for line in lines if line["title"] == title and "error" not in line]
        values = [line["value"] for line in own]
        spread = f" ± {statistics.stdev(values):.3g}" if len(values) > 1 else ""
        counts = [f"{statistics.mean(line[key] for line in own):,.0f}" for key in COUNTS]
        cells = [title, f"{statistics.mean(values):.4g}{spread}", *counts, str(len(own))]
        rows.append((statistics.mean(values), cells))

    # Head, rows, failures.
    measured = [line for line in lines if "error" not in line]
    number = measured[0]["name"] if measured else "FD"
    floor = ""
    if measured:
        floor = f"floor {measured[0]['floor']:.4g}, n = {measured[0]['measured']:,}; "
    about = (
        f"{data}, {asked.size} px, {asked.minutes:g} minutes each, {floor}"
        f"{machine(asked.device)}, {platform.processor() or platform.machine()}, "
        f"{datetime.now(UTC):%d %B %Y}"
    )
    heads = ["setting", number, *COUNTS, "seeds"]
    cells = [heads, ["---"] * len(heads), *(row for _, row in sorted(rows))]
    text = ["| " + " | ".join(row) + " |" for row in cells]
    text += [f"\n{line['title']}, seed {line['seed']}, failed: {line['error']}" for line in failed]
    return "\n".join([about, "", *text, ""])


COUNTS = ("steps", "images")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--setting", action="append", default=[], metavar="TITLE: FLAGS")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--data", nargs="+", default=["fashion-mnist", "emoji"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--extractor", default="classifier")
    parser.add_argument("--n", type=int, default=5000)
    return parser.parse_args()


def main() -> None:
    # Settings: those named, or those here whose recipes are installed.
    asked = arguments()
    torch.set_num_threads(asked.threads)
    settings = dict(each.split(": ", 1) for each in asked.setting)
    if not settings:
        known = ganzoo.names("recipe")
        settings = {t: f for t, f in SETTINGS.items() if t in known or "--recipe" not in f}

    # Train what is missing.
    asked.out.mkdir(parents=True, exist_ok=True)
    file = asked.out / "results.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    lines = [x for x in lines if _setup(asked).items() <= x.items() and "error" not in x]
    for seed in asked.seeds:
        for data in asked.data:
            for title, flags in settings.items():
                key = {"flags": flags, "data": data, "seed": seed}
                if any(key.items() <= line.items() for line in lines):
                    continue
                lines.append(trained(title, flags, data, seed, asked))
                with file.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(lines[-1]) + "\n")
                print(lines[-1], file=sys.stderr, flush=True)

    # Print the tables.
    for data in asked.data:
        own = [x for x in lines if x["data"] == data and x["flags"] in settings.values()]
        print(table(data, own, asked), flush=True)


if __name__ == "__main__":
    main()
