"""Promises of a sweep: what runs, what is refused, what fails, and going on after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from forked import run_ganzoo, start_ganzoo
from tiny_sweeps import STYLES, TINY

import ganzoo
from ganzoo.sweeping.grid import Cell, Measuring
from ganzoo.sweeping.record import Outcome, SweepDirectory
from ganzoo.sweeping.request import requested
from ganzoo.sweeping.runner import Sweep, run_sweep
from ganzoo.sweeping.view import Quiet
from ganzoo.sweeping.work import Work, environments

COMMAND = [
    "sweep", "--arch", "vanilla", "-o", "arch.width=8", "-o", "arch.depth=1", "--data", "emoji",
    "--size", "8", "-o", "training.batch_size=4", "-o", "logging.sample_count=4",
    "--device", "cpu", "--dir", "out",
]  # fmt: skip


def wait_for(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def test_cells_are_trained_as_run_directories_and_refusals_have_reasons(tmp_path):
    grid = {"loss": ["bce"], "penalty": [[], STYLES]}
    swept = ganzoo.sweep(grid, "out", steps=2, quiet=True, **TINY)
    assert list(swept.runs) == ["bce"]
    assert list(swept.refused) == [f"bce-{STYLES}"]
    assert "needs a generator of two networks" in swept.refused[f"bce-{STYLES}"]
    assert swept.failed == {}
    run = ganzoo.Run(tmp_path / "out" / "bce")
    assert (run.state, run.steps[-1], run.config.training.steps) == ("finished", 2, 2)

    # The same sweep again starts no process: the log of the first stays as it was.
    log = Path("out/cells/bce.log")
    before = log.read_text()
    again = ganzoo.sweep(grid, "out", steps=2, quiet=True, **TINY)
    assert list(again.runs) == ["bce"]
    assert log.read_text() == before


def test_a_sweep_of_which_nothing_can_be_trained_is_refused_with_the_reasons():
    with pytest.raises(ganzoo.UsageError, match="(?s)no combination.*two networks"):
        ganzoo.sweep({"loss": ["bce", "hinge"], "penalty": [STYLES]}, "out", quiet=True, **TINY)


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "photo.png").touch()
    with pytest.raises(ganzoo.UsageError, match="holds no sweep; choose another sweep_dir"):
        ganzoo.sweep({"loss": ["bce"]}, tmp_path, quiet=True, **TINY)


def test_threads_are_divided_and_each_process_gets_one_of_several_gpus():
    four = environments(4, threads=8, gpus=["0", "1"])
    assert [slot["OMP_NUM_THREADS"] for slot in four] == ["2"] * 4
    assert [slot["CUDA_VISIBLE_DEVICES"] for slot in four] == ["0", "1", "0", "1"]
    (one,) = environments(1, threads=3, gpus=["GPU-of-this-name"])
    assert one.get("CUDA_VISIBLE_DEVICES") == os.environ.get("CUDA_VISIBLE_DEVICES")
    assert environments(8, threads=2, gpus=[])[0]["OMP_NUM_THREADS"] == "1"


def test_an_outcome_is_read_as_it_was_written_and_a_damaged_one_is_none(tmp_path):
    directory = SweepDirectory(tmp_path / "out")
    directory.create()
    outcome = Outcome("refused", "because of ⟦batch_size=8⟧", "a = 1\n", 1.5)
    directory.write("cell", outcome)
    assert directory.outcomes() == {"cell": outcome}
    assert str(outcome.message) == "because of batch_size=8"
    assert outcome.message.at_shell() == "because of --batch-size 8"
    directory.file("cell", "json").write_text("{")
    assert directory.outcomes() == {}


def test_a_trained_cell_that_was_evaluated_meanwhile_ends_without_a_process():
    """By a process of a sweep that was killed."""
    directory = SweepDirectory(Path("out"))
    directory.create()
    cell = Cell("bce", {"loss": {"name": "bce"}})
    work = Work(cell, directory, Measuring(), 1, None, trained=True)
    work.begin({})
    assert work.poll().state == "finished"
    assert work.process is None


def test_a_dry_run_names_cells_refusals_and_time_and_makes_nothing(tmp_path):
    command = [*COMMAND, "--loss", "bce", "--penalty", "none", "--penalty", STYLES]
    code, out, err = run_ganzoo([*command, "--minutes", "3", "--dry-run", "--jobs", "2"], tmp_path)
    assert code == 0
    assert "penalty" not in err
    first, second, last = out.splitlines()
    assert first.split()[0].startswith("vanilla-bce-none-")
    assert first.endswith("about 3 min 00 s")
    assert "refused: the architecture 'vanilla'" in second
    assert last.startswith("1 runs, 1 refused; about 3 min 00 s")
    assert list(tmp_path.iterdir()) == []


class Watching(Quiet):
    """Notes how many processes are alive at a time."""

    most = 0

    def running(self, works, done, total):
        alive = [w for w in works if w.process is not None and w.process.poll() is None]
        self.most = max(self.most, len(alive))


def swept(jobs: int, seeds: list[int], *metrics: str, **changed: object) -> tuple[Sweep, int]:
    """The sweep, and how many processes trained at a time."""
    grid = {"loss": ["bce"], "seed": seeds}
    wanted, settings = {"metrics": metrics, "n": 32}, {"steps": 2, **TINY, **changed}
    request = requested(grid, config=None, recipe=None, measuring=wanted, settings=settings)
    view = Watching()
    return run_sweep(request, Path("out"), jobs, view), view.most


@pytest.mark.slow
def test_failed_runs_do_not_end_the_sweep_and_the_same_one_tries_them_again_as_many_at_a_time():
    # One job, for which the folders of the first run and of the last are taken.
    Path("out/cells").mkdir(parents=True)
    taken = [Path("out/bce-seed=0"), Path("out/bce-seed=2")]
    for folder in taken:
        folder.mkdir()
        (folder / "thesis.txt").touch()
    done, most = swept(1, [0, 1, 2])
    assert (list(done.runs), most) == (["bce-seed=1"], 1)
    assert list(done.failed) == ["bce-seed=0", "bce-seed=2"]
    assert all("exists and is not empty" in reason for reason in done.failed.values())

    # Two jobs, for which they are free.
    for folder in taken:
        (folder / "thesis.txt").unlink()
    done, most = swept(2, [0, 1, 2])
    assert (list(done.runs), most) == (["bce-seed=0", "bce-seed=1", "bce-seed=2"], 2)
    assert done.failed == {}


@pytest.mark.slow
def test_runs_are_evaluated_and_measured_again_without_another_training_or_other_settings():
    done, _ = swept(2, [0], "sliced-wasserstein")
    (run,) = done.runs.values()
    (number,) = run.evaluations()
    assert (number["metric"].rpartition("/")[2], number["n"]) == ("sliced-wasserstein", 32)

    # A metric that is asked for later is measured without another training.
    done, _ = swept(2, [0], "sliced-wasserstein", "copying")
    ((name, run),) = done.runs.items()
    assert [event["event"] for event in run.events()].count("started") == 1
    log = Path(f"out/cells/{name}.log").read_text()
    assert [log.count(word) for word in ("$ ganzoo train", "--metric sliced-wasserstein")] == [1, 1]
    assert "copying" in SweepDirectory(Path("out")).measured(name)

    # Other settings in the same folder fail and lose nothing.
    done, _ = swept(2, [0], batch_size=8)
    assert "trained with other settings" in done.failed[name]
    assert ganzoo.Run(run.path).config.training.batch_size == 4
    done, _ = swept(2, [0])
    assert list(done.runs) == [name]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_sweep_that_is_ended_goes_on_where_it_was():
    """By three signals, while it trains one seed after the other; after each there is a next."""
    ended = {0: signal.SIGKILL, 1: signal.SIGTERM, 2: signal.SIGINT}
    seeds = [word for seed in range(4) for word in ("--seed", str(seed))]
    command = [*COMMAND, "--loss", "bce", *seeds, "--steps", "600"]
    for seed, number in ended.items():
        sweep = start_ganzoo(command, Path.cwd())
        log = f"*-seed={seed}/metrics.jsonl"
        wait_for(lambda log=log: any(file.stat().st_size for file in Path("out").glob(log)))
        sweep.send_signal(number)
        code, _, _ = sweep.finish(timeout=120)
        assert code == (-number if number == signal.SIGKILL else 130)

        # A sweep that may still clean up leaves no process, and a checkpoint between the intervals.
        if number != signal.SIGKILL:
            stopped = _run(seed)
            assert stopped.state == "stopped"
            assert 0 < stopped.steps[-1] < 600

    # The same command waits for a run that outlived its sweep, or resumes one that did not.
    code, out, err = run_ganzoo(command, Path.cwd())
    assert code == 0, err
    assert "4 finished, 0 refused, 0 failed" in out
    for seed in range(4):
        run = _run(seed)
        assert (run.state, run.steps[-1]) == ("finished", 600)
        kinds = [event["event"] for event in run.events()]
        assert kinds.count("started") == 1
        assert kinds.count("resumed") == (seed in (1, 2))


def _run(seed: int) -> ganzoo.Run:
    """The run of a seed."""
    (path,) = Path("out").glob(f"*-seed={seed}")
    return ganzoo.Run(path)


def test_a_sweep_that_another_process_runs_is_refused():
    directory = SweepDirectory(Path("out"))
    directory.create()
    held = (
        "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); "
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", held, str(directory.lock)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ganzoo.UsageError, match="another process runs the sweep in out"):
            ganzoo.sweep({"loss": ["bce"]}, "out", quiet=True, **TINY)
    finally:
        holder.communicate()
