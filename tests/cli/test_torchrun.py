"""Promises of `torchrun -m ganzoo`: several real processes, killed and interrupted for real.

What torchrun itself does (it starts processes anew, and ends all when one has died) is tested with
it. For the others its processes are forked, with the variables that it would set.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest
import torch
from forked import Started, run_ganzoo, start_ganzoo, start_python

import ganzoo

pytestmark = pytest.mark.slow

TRAIN = [
    "train", "--arch", "vanilla", "-o", "arch.width=8", "-o", "arch.depth=1", "--loss", "bce",
    "--data", "emoji", "--size", "8", "--batch-size", "4", "--sample-count", "4",
    "--device", "cpu", "--log-every", "5", "--checkpoint-every", "10",
]  # fmt: skip

PATIENCE = 120


def torchrun(*arguments: str, **options: object) -> Started:
    """Two processes of ganzoo, which torchrun starts."""
    named = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", *named]
    words += ["-m", "ganzoo", *arguments]
    return start_python(words, Path.cwd(), OMP_NUM_THREADS="1")


def outcome(started: Started) -> tuple[int, str]:
    """Exit code and output."""
    code, out, err = started.finish(PATIENCE)
    return code, out + err


def pair(*arguments: str) -> tuple[list[int], str]:
    """Exit codes and output of two processes of ganzoo, as torchrun would start them."""
    with socket.create_server(("localhost", 0)) as server:
        port = str(server.getsockname()[1])
    group = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    group |= {"MASTER_ADDR": "localhost", "MASTER_PORT": port}
    processes = [
        start_ganzoo(list(arguments), Path.cwd(), RANK=rank, LOCAL_RANK=rank, **group)
        for rank in ("0", "1")
    ]
    codes, outputs = zip(*map(outcome, processes), strict=True)
    return list(codes), "".join(outputs)


def workers(started: Started) -> list[int]:
    """Numbers of the processes that torchrun has started, by rank."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(re.search(r"PPid:\s+(\d+)", (folder / "status").read_text())[1])
            text = (folder / "environ").read_text()
        except (OSError, TypeError):
            continue
        if parent == started.process.pid and (rank := re.search(r"\0RANK=(\d+)", text)):
            found[int(rank[1])] = int(folder.name)
    return [found[rank] for rank in sorted(found)]


def wait_for_a_checkpoint(run: Path, after: int = 0) -> None:
    end = time.monotonic() + PATIENCE
    while not any(int(p.name) > after for p in (run / "checkpoints").glob("[0-9]*")):
        assert time.monotonic() < end
        time.sleep(0.05)


def events(run: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def test_two_processes_write_one_run_which_one_process_resumes(tmp_path):
    run = tmp_path / "run"
    codes, output = pair(*TRAIN, "--steps", "20", "--run-dir", str(run))
    assert codes == [0, 0], output
    assert output.count("Done:") == 1
    kinds = [event["event"] for event in events(run)]
    assert kinds == ["started", "checkpoint", "checkpoint", "finished"]
    assert events(run)[0]["provenance"]["processes"] == 2
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps == [5, 10, 15, 20]
    assert ganzoo.resume(run, steps=25).steps[-1] == 25


def test_two_processes_resume_the_run_of_one(tmp_path):
    run = tmp_path / "run"
    assert run_ganzoo([*TRAIN, "--steps", "10", "--run-dir", str(run)], tmp_path)[0] == 0
    codes, output = pair("resume", str(run), "--steps", "20")
    assert codes == [0, 0], output
    assert ganzoo.Run(run).steps == [10, 20]


def test_a_wrong_request_is_answered_once(tmp_path):
    codes, output = pair(*TRAIN, "--batch-size", "7", "--run-dir", str(tmp_path / "r"))
    assert all(codes)
    assert output.count("cannot be divided equally among 2 processes") == 1
    assert sum(line.startswith("Error:") for line in output.splitlines()) == 1
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("victim", [0, 1])
def test_a_process_that_dies_ends_the_run_and_leaves_it_resumable(tmp_path, victim):
    run = tmp_path / "run"
    process = torchrun(*TRAIN, "--steps", "1000000", "--run-dir", str(run))
    wait_for_a_checkpoint(run)
    os.kill(workers(process)[victim], signal.SIGKILL)
    code, output = outcome(process)
    assert code != 0
    if victim == 1:
        assert "one of the 2 processes has ended" in output
        assert "--resume auto" in output
        assert events(run)[-1]["event"] == "failed"
    reached = ganzoo.Run(run).steps[-1]
    resumed = ganzoo.resume(run, steps=reached + 5)
    assert resumed.steps[-1] == reached + 5


def test_torchrun_restarts_the_processes_and_the_run_has_the_same_result(tmp_path):
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    arguments = [*TRAIN, "--steps", "120", "--resume", "auto", "--run-dir"]
    codes, output = pair(*arguments, str(straight))
    assert codes == [0, 0], output
    process = torchrun(*arguments, str(broken), max_restarts=3)
    wait_for_a_checkpoint(broken)
    os.kill(workers(process)[1], signal.SIGKILL)
    code, output = outcome(process)
    assert code == 0, output
    assert "resumed" in [event["event"] for event in events(broken)]
    images = [ganzoo.Run(run).sample(4) for run in (straight, broken)]
    assert torch.equal(*images)


def test_an_interrupt_saves_where_all_have_stopped(tmp_path):
    run = tmp_path / "run"
    process = torchrun(
        *TRAIN, "--steps", "1000000", "--checkpoint-every", "1000000", "--run-dir", str(run)
    )
    end = time.monotonic() + PATIENCE
    while not (run / "metrics.jsonl").is_file() or not (run / "metrics.jsonl").read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    outcome(process)
    assert events(run)[-1]["event"] == "stopped"
    assert ganzoo.Run(run).steps == [events(run)[-1]["step"]]
