"""Checks and times every mode of execution on a GPU: eager, compiled, CUDA graphs, and both.

    python tests/benchmarks/gpu.py --out DIR                # one GPU, within six minutes
    python tests/benchmarks/gpu.py --out DIR --only bf16    # rows whose title holds a text
    python tests/benchmarks/gpu.py --out DIR --no-compile   # eager mode and graphs
    python tests/benchmarks/gpu.py --out DIR --device cpu --quick

First it trains small networks with every loss in each mode, and compares their weights with those
of eager mode. Then it times a step of each case. DIR/gpu.json holds all numbers, DIR/gpu.md the
tables; both are written after each result. What exceeds the time budget is left out, with a note.
The exit code is 1 if a check failed or a task raised an error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import equality
import modes
import torch
from workers import Result, Task, run_tasks

import ganzoo

LIMIT = 0.45
"""The share of the budget after which one task is killed."""

PRECISIONS = ("bf16", "fp32")

Report = dict[str, Any]
"""The content of gpu.json."""


def main() -> int:
    """Run everything; the exit code."""
    asked = arguments()
    started = time.monotonic()
    equality_tasks, table_tasks = (
        [task for task in tasks if any(text in title(task.arguments) for text in asked.only)]
        for tasks in (checks(asked), timings(asked))
    )
    if asked.no_compile:
        equality_tasks, table_tasks = map(without_compiler, (equality_tasks, table_tasks))
    products = [Task(modes.measure_products, {"device": asked.device, "quick": asked.quick})]
    if not (equality_tasks or table_tasks):
        sys.exit(f"no row's title holds {' or '.join(map(repr, asked.only))}")
    asked.out.mkdir(parents=True, exist_ok=True)
    report: Report = {
        "machine": machine(asked.device),
        "settings": {key: getattr(asked, key) for key in ("batch_size", "budget", "quick")},
        "products": {},
        "equality": [],
        "table": [],
    }

    def record(part: str, task: Task, result: Result) -> None:
        """Add a result, and write all there is."""
        names = {key: task.arguments[key] for key in KEYS if key in task.arguments}
        if part == "products":
            report[part] = result
        else:
            report[part].append({**names, **result})
        report["elapsed_s"] = time.monotonic() - started
        write(asked.out / "gpu.json", json.dumps(report, indent=1))
        write(asked.out / "gpu.md", markdown(report))
        print(f"[{report['elapsed_s']:4.0f} s] {part}: {said(names, result)}", flush=True)

    def run(part: str, tasks: list[Task], share: float, processes: int = 1) -> None:
        """Run the tasks of a part until its share of the budget is used up."""
        run_tasks(
            tasks,
            lambda task, result: record(part, task, result),
            deadline=started + share * asked.budget,
            limit=LIMIT * asked.budget,
            processes=processes,
        )

    with tempfile.TemporaryDirectory() as folder:
        # An empty cache, so that the first step of a compiled mode shows what compiling takes.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", folder)
        os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", str(min(8, os.cpu_count() or 1)))
        if asked.quick:  # plain C++, which takes half the time to compile
            os.environ.setdefault("TORCHINDUCTOR_VEC_ISA_OK", "0")
        several = max(1, (os.cpu_count() or 1) // 4) if asked.device.startswith("cuda") else 1
        run("equality", equality_tasks, share=0.5, processes=min(4, several))
        run("products", products if table_tasks else [], share=1)
        run("table", table_tasks, share=1)

    outcomes = [report["products"].get("outcome")]
    outcomes += [row["outcome"] for part in ("equality", "table") for row in report[part]]
    print(f"{asked.out / 'gpu.md'}: {summary(outcomes)}")
    return 1 if {"failed", "error"} & set(outcomes) else 0


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="folder of gpu.json and gpu.md")
    add("--device", default="cuda")
    add("--quick", action="store_true", help="tiny networks and few steps, to test this program")
    add("--budget", type=float, default=330, metavar="SECONDS", help="time for everything")
    add("--batch-size", type=int, help="of the timed cases; 64, or 8 if quick")
    add(
        "--only",
        nargs="+",
        default=[""],
        metavar="TEXT",
        help="rows whose title holds any of these",
    )
    add("--no-compile", action="store_true", help="leave out the modes with a compiler")
    asked = parser.parse_args()
    asked.batch_size = asked.batch_size or (8 if asked.quick else 64)
    if asked.device.startswith("cuda") and not torch.cuda.is_available():
        parser.error("torch sees no CUDA device here; try --device cpu --quick")
    return asked


# --- What is run


def checks(asked: argparse.Namespace) -> Iterator[Task]:
    """The comparisons with eager mode, the quickest first."""
    losses = ["bce"] if asked.quick else equality.losses()
    wanted = [(loss, p, "graphs") for p in ("fp32", "bf16") for loss in losses]
    wanted += [(loss, "fp32", mode) for mode in ("compile", "both") for loss in losses]
    for loss, precision, mode in wanted:
        choice = {"loss": loss, "precision": precision, "mode": mode}
        steps = 5 if asked.quick else 100  # a graph is captured after three
        yield Task(equality.compare, {**choice, "device": asked.device, "steps": steps})


def without_compiler(tasks: list[Task]) -> list[Task]:
    """The tasks of modes that do not compile."""
    return [task for task in tasks if "compile" not in modes.MODES[task.arguments["mode"]]]


def timings(asked: argparse.Namespace) -> Iterator[Task]:
    """The rows of the table: without a compiler first, then by precision, by how telling."""
    cases = ["mlp-28", "dcgan-32"] if asked.quick else list(MOST_TELLING)
    wanted = [(c, p, mode) for c in cases for p in PRECISIONS for mode in ("eager", "graphs")]
    compiled = [(p, c) for p in PRECISIONS for c in cases]
    if asked.quick:
        compiled = [("fp32", "mlp-28")]
    wanted += [(c, p, mode) for p, c in compiled for mode in ("compile", "both")]
    for case, precision, mode in wanted:
        choice = {"case": case, "precision": precision, "mode": mode}
        common = {key: getattr(asked, key) for key in ("device", "batch_size", "quick")}
        yield Task(modes.measure, {**choice, **common})


MOST_TELLING = (
    *("dcgan-64", "sngan-32", "biggan-32", "stylegan2-32", "r3gan-32", "stylegan2-64"),
    *("r3gan-64", "wgan-gp-64", "mlp-28", "dcgan-32", "dcgan-128"),
)
"""The cases in the order in which they are timed, as the budget may end before the last."""

KEYS = ("case", "loss", "precision", "mode")
"""The arguments that name a task."""


def title(arguments: Mapping[str, Any]) -> str:
    """A task in words."""
    return ", ".join(str(arguments[key]) for key in KEYS if key in arguments)


def machine(device: str) -> dict[str, Any]:
    """Hardware, versions and date."""
    cuda = device.startswith("cuda")
    return {
        "device": torch.cuda.get_device_name(device) if cuda else f"CPU, {os.cpu_count()} cores",
        "torch": torch.__version__,
        "cuda": torch.version.cuda if cuda else None,
        "python": platform.python_version(),
        "ganzoo": ganzoo.__version__,
        "date": datetime.now(UTC).date().isoformat(),
    }


# --- What is written


def markdown(report: Report) -> str:
    """The tables of a report."""
    where = report["machine"]
    lines = [
        f"{where['device']}, torch {where['torch']}, Python {where['python']}, {where['date']}; "
        f"{report['elapsed_s']:.0f} s in all.",
        "",
        "## Equality with eager mode",
        "",
        *equality_table(report["equality"]),
        "",
        "## Speed",
        "",
        *speed_table(report),
    ]
    return "\n".join(lines) + "\n"


def equality_table(rows: list[Result]) -> Iterator[str]:
    """A line for each check."""
    if not rows:
        return
    steps = next((row["steps"] for row in rows if "steps" in row), 0)
    yield (
        f"Small DCGANs, {steps} steps from the same weights, TF32 off. The difference is that of "
        "the weights after training, relative to the weights and to the distance that training "
        f"moved them. Compiled steps may differ by {equality.TOLERANCE:.0%} of that distance; "
        "captured steps must be equal to the bit, if eager steps are to each other."
    )
    yield ""
    yield "| loss | precision | mode | outcome | of the weights | of the training |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in rows:
        outcome = row["outcome"] + (f": {cell(row['why'])}" if "why" in row else "")
        numbers = "| |"
        if "of_the_weights" in row:
            numbers = f"{row['of_the_weights']:.1e} | {row['of_the_training']:.1e} |"
            outcome += ", equal to the bit" * row["equal_to_the_bit"]
        yield f"| {row['loss']} | {row['precision']} | {row['mode']} | {outcome} | {numbers}"


def speed_table(report: Report) -> Iterator[str]:
    """A line for each timing; a case's modes side by side."""
    if not report["table"]:
        return
    products = report["products"].get("operations_per_second", {})
    rates = ", ".join(f"{name} {rate / 1e12:.1f}" for name, rate in products.items())
    yield (
        f"Batches of {report['settings']['batch_size']}; `Trainer.train_step` without log and "
        "diagnosis, median of blocks. The share is that of a large matrix product's rate in the "
        f"same precision (TFLOP/s: {rates}; TF32 for convolutions in fp32). `both` finds in the "
        "compiler's cache what `compile` left there, so its first step is quicker."
    )
    yield ""
    yield (
        "| case | precision | mode | ms/step (range) | speed-up | images/s | "
        "first step, first ten | peak MiB, reserved | GFLOP/step | TFLOP/s | share |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    rows = {(row["case"], row["precision"], row["mode"]): row for row in report["table"]}
    for key in sorted(rows, key=lambda key: tuple(map(ORDER.index, key))):
        eager = rows.get((*key[:2], "eager"), {}).get("ms_per_step")
        yield f"| {' | '.join(key)} | {speeds(rows[key], eager, products)}"


ORDER = [*modes.TIMED, *PRECISIONS, *modes.MODES]
"""The order of lines: cases, then precisions, then modes."""


def speeds(row: Result, eager: float | None, products: Mapping[str, float]) -> str:
    """The numbers of a line."""
    if row["outcome"] != "timed":
        return f"{row['outcome']}: {cell(row['why'])} " + "| " * 8
    low, high = row["ms_range"]
    cells = [
        f"{row['ms_per_step']:.2f} ({low:.2f} to {high:.2f})",
        f"{eager / row['ms_per_step']:.2f}" if eager else "",
        f"{row['images_per_second']:,.0f}",
        f"{row['first_step_s']:.1f} s, {row['warm_up_s']:.1f} s",
    ]
    memory = [row.get("peak_allocated_mib"), row.get("peak_reserved_mib")]
    cells.append(", ".join(f"{value:,.0f}" for value in memory if value is not None))
    if row["operations_per_step"]:
        rate, top = row["operations_per_second"], products.get(row["product"])
        cells += [f"{row['operations_per_step'] / 1e9:.1f}", f"{rate / 1e12:.2f}"]
        cells.append(f"{rate / top:.0%}" if top else "")
    else:
        cells += [""] * 3
    return " | ".join(cells) + " |"


def said(names: Mapping[str, Any], result: Result) -> str:
    """A result in one line."""
    what = result["outcome"] + (f": {result['why']}" if "why" in result else "")
    if "ms_per_step" in result:
        what += f", {result['ms_per_step']:.2f} ms"
    if "of_the_training" in result:
        what += f", {result['of_the_training']:.1e} of the training"
        what += ", equal to the bit" * result["equal_to_the_bit"]
    return f"{title(names)}: {what}" if names else what


def summary(outcomes: list[str | None]) -> str:
    """How many results there are of each kind."""
    counts = {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes) if outcome}
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def cell(text: str) -> str:
    """Text that fits into a cell of a table."""
    return text.replace("|", "/").replace("\n", " ")


def write(path: Path, text: str) -> None:
    """Replace a file, so that it is whole at any time."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main())
