"""Promises of the programs in `tests/benchmarks`: they run, and the GPU program records all."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from forked import run_snippet

import ganzoo

BENCHMARKS = Path(__file__).parent / "benchmarks"
COMPILER = any(shutil.which(name) for name in ("g++", "clang++"))


def python(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run Python in the folder of the benchmarks."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=BENCHMARKS,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def snippet(code: str) -> str:
    """Run code in the folder of the benchmarks, and give what it prints."""
    status, out, err = run_snippet(code, BENCHMARKS, PYTHONPATH=str(BENCHMARKS))
    assert status == 0, err
    return out


def gpu(out: Path, *arguments: str, timeout: float = 60) -> tuple[int, dict, str]:
    """The exit code, gpu.json and gpu.md of a quick run on the CPU."""
    result = python(
        "gpu.py", "--out", str(out), "--device", "cpu", "--quick", *arguments, timeout=timeout
    )
    assert (out / "gpu.json").exists(), result.stderr
    return (
        result.returncode,
        json.loads((out / "gpu.json").read_text()),
        (out / "gpu.md").read_text(),
    )


TASKS = """
import os, time
from pathlib import Path

def succeed():
    return {"outcome": "done"}

def fail():
    raise ValueError("no such thing\\nand more")

def die():
    os._exit(3)

def hang():
    time.sleep(600)

def meet(own, other):
    Path(own).touch()
    while not Path(other).exists():
        time.sleep(0.01)
    return {"outcome": "met"}
"""


@pytest.fixture
def run_tasks(monkeypatch, tmp_path):
    """Runs functions of `TASKS` by name, with arguments, and returns their results by name."""
    (tmp_path / "benchmark_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.syspath_prepend(str(tmp_path))
    workers, tasks = (importlib.import_module(name) for name in ("workers", "benchmark_tasks"))

    def run(*calls, seconds=120, limit=60, processes=1):
        results = []
        workers.run_tasks(
            [workers.Task(getattr(tasks, name), arguments) for name, arguments in calls],
            lambda task, result: results.append((task.call.__name__, result)),
            deadline=time.monotonic() + seconds,
            limit=limit,
            processes=processes,
        )
        return results

    yield run
    sys.modules.pop("benchmark_tasks", None)


def test_every_program_finds_what_it_imports():
    names = sorted(file.stem for file in BENCHMARKS.glob("*.py") if file.stem != "__main__")
    snippet(f"import {', '.join(names)}")


def test_a_task_that_raises_or_whose_process_dies_is_recorded_and_the_rest_runs(run_tasks):
    assert run_tasks(("fail", {}), ("die", {}), ("succeed", {})) == [
        ("fail", {"outcome": "error", "why": "ValueError: no such thing"}),
        ("die", {"outcome": "error", "why": "its process died (3)"}),
        ("succeed", {"outcome": "done"}),
    ]


def test_a_task_that_hangs_is_killed_and_the_rest_runs(run_tasks):
    why = "it took longer than 1 s"
    results = run_tasks(("hang", {}), ("hang", {}), limit=1)
    assert results == [("hang", {"outcome": "error", "why": why})] * 2


def test_tasks_that_exceed_the_deadline_are_recorded_as_skipped(run_tasks):
    results = run_tasks(("hang", {}), ("succeed", {}), seconds=1)
    assert [(name, result["outcome"]) for name, result in results] == [
        ("hang", "skipped"),
        ("succeed", "skipped"),
    ]


def test_tasks_run_at_the_same_time_in_several_processes(run_tasks, tmp_path):
    """Each of two tasks waits for the other."""
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    calls = [("meet", {"own": a, "other": b}), ("meet", {"own": b, "other": a})]
    assert run_tasks(*calls, processes=2) == [("meet", {"outcome": "met"})] * 2


def test_weights_are_compared_with_those_of_eager_mode():
    """Eager mode is equal to itself to the bit; other random numbers are found out."""
    code = """
import json, equality, modes
modes.MODES["other"] = {"seed": 1}
ways = [equality.compare("bce", "fp32", way, device="cpu", steps=3) for way in ("eager", "other")]
print(json.dumps(ways))
"""
    same, other = json.loads(snippet(code).splitlines()[-1])
    assert (same["outcome"], same["equal_to_the_bit"]) == ("passed", True)
    assert (other["outcome"], other["equal_to_the_bit"]) == ("failed", False)
    assert same["of_the_training"] == 0 < other["of_the_training"]


def test_a_nudge_of_the_initial_weights_is_small_and_has_a_seed():
    code = """
import equality as e
plain, *nudged = [e.train("bce", "fp32", "eager", "cpu", 1, nudge=n) for n in (None, 0, 0, 1)]
print(e.same(nudged[0], nudged[1]), e.same(nudged[0], nudged[2]))
print(0 < e.differences(nudged[0], plain)[0] < 2e-6)
"""
    assert snippet(code).splitlines() == ["True False", "True"]


def test_without_time_the_gpu_program_writes_down_what_it_leaves_out(tmp_path):
    code, report, tables = gpu(tmp_path, "--budget", "0")
    assert code == 0
    assert {row["outcome"] for part in ("equality", "table") for row in report[part]} == {"skipped"}
    assert "the time budget was used up" in tables


@pytest.mark.slow
def test_the_gpu_program_runs_on_a_cpu_without_its_graphs(tmp_path):
    code, report, tables = gpu(tmp_path, "--budget", "900", timeout=500)
    assert code == 0, tables
    by_mode: dict[str, set[str]] = {}
    for row in report["equality"] + report["table"]:
        by_mode.setdefault(row["mode"], set()).add(row["outcome"])
    assert by_mode["eager"] == {"timed"}
    assert by_mode["graphs"] == by_mode["both"] == {"refused"}
    assert by_mode["compile"] == ({"passed", "timed"} if COMPILER else {"refused"})
    assert "device 'cpu' has no CUDA graphs" in tables
    timed = next(row for row in report["table"] if row["outcome"] == "timed")
    assert timed["operations_per_step"] > 0
    assert timed["product"] in report["products"]["operations_per_second"]


@pytest.mark.slow
def test_the_zoo_program_writes_tables_and_pictures_of_sweeps(tmp_path):
    # Two runs of a sweep.
    sweep, images = tmp_path / "trained" / "tiny", tmp_path / "images"
    for folder in (tmp_path / "files", sweep / "cells", images):
        folder.mkdir(parents=True)
    (tmp_path / "files" / "tiny.toml").touch()
    for value, loss in ((5.0, "bce"), (2.0, "hinge")):
        chosen = {"arch": "vanilla", "loss": loss, "data": "emoji", "size": 8}
        ganzoo.train(**chosen, steps=1, run_dir=sweep / loss, progress=False)
        cell = f'arch.name = "vanilla"\nloss.name = "{loss}"'
        (sweep / "cells" / f"{loss}.toml").write_text(cell)
        lines = [
            {"name": f"Classifier-{name}", "value": value, "floor": 1.0, "better": "lower"}
            for name in ("FD", "classes", "class-KL")
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (sweep / loss / "evaluations.jsonl").write_text(text)

    # The page has a table of both between its markers, the best first.
    (tmp_path / "zoo.md").write_text("before\n<!-- tiny -->\n\n<!-- end -->\nafter\n")
    places = [str(tmp_path / "trained"), "--files", str(tmp_path / "files"), "--out", str(tmp_path)]
    done = python("zoo.py", *places, "--no-sweep")
    assert done.returncode == 0, done.stderr
    first, heads, _, *rows, floors, last, after = (tmp_path / "zoo.md").read_text().splitlines()[1:]
    assert (first, last, after) == ("<!-- tiny -->", "<!-- end -->", "after")
    assert "Classifier-FD (lower)" in heads
    assert rows == [
        "| **vanilla + hinge** | `--arch vanilla --loss hinge` | 2 | 2 | 2 | 1 |",
        "| **vanilla + bce** | `--arch vanilla --loss bce` | 5 | 5 | 5 | 1 |",
    ]
    assert floors == "| *real images* |  | *1* | *1* | *1* |  |"
    names = {str(path.relative_to(images)) for path in images.rglob("*.webp")}
    assert names == {"zoo-tiny.webp", "zoo/tiny/vanilla-bce.webp", "zoo/tiny/vanilla-hinge.webp"}


@pytest.mark.slow
def test_the_report_of_speed_and_memory_runs():
    result = python(".", "mlp-28", "--quick", timeout=500)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("| mlp-28") == 4
    assert "| ganzoo --help |" in result.stdout
