"""Promises of sweeps on a cluster: what is refused, and jobs that go on, stop and begin again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from forked import run_ganzoo, start_snippet
from tiny_sweeps import TINY

import ganzoo
from ganzoo.cli.sweep import _assigned
from ganzoo.sweeping import cluster as on_cluster
from ganzoo.sweeping.cluster import Cluster, ClusterWork, check_cluster, make_executor
from ganzoo.sweeping.grid import Cell, Measuring
from ganzoo.sweeping.record import Outcome, SweepDirectory
from ganzoo.sweeping.request import requested
from ganzoo.sweeping.runner import run_sweep
from ganzoo.sweeping.view import Quiet
from ganzoo.sweeping.work import Work

pytest.importorskip("submitit", reason="the extra `cluster` is not installed")

GRID = {"loss": ["bce"]}
COMMAND = [
    "sweep", "--arch", "vanilla", "-o", "arch.width=8", "-o", "arch.depth=1", "--data", "emoji",
    "--size", "8", "-o", "training.batch_size=4", "-o", "logging.sample_count=4", "--loss", "bce",
    "--device", "cpu", "--dir", "out", "--cluster", "local",
]  # fmt: skip


def wait_for(condition, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


# --- Refusals


def test_a_cluster_without_submitit_names_its_extra_before_anything_is_made(monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ganzoo.UsageError, match=r'pip install "gan-zoo\[cluster\]"'):
        ganzoo.sweep(GRID, "out", cluster="local", quiet=True, **TINY)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (None, {"timeout_min": 5}, 'need cluster="slurm"'),
        ("pbs", {}, "is 'pbs'; it should be slurm or local"),
        ("slurm", {}, "needs the cluster option timeout_min"),
        ("slurm", {"slurm_time": "04:00:00"}, "takes slurm_time in minutes, such as timeout_min"),
        ("slurm", {"slurm_ntasks_per_node": 2}, "no option slurm_ntasks_per_node"),
        ("slurm", {"timeout_min": 5}, "the commands of SLURM, which are not found here"),
        ("local", {"tasks_per_node": 2}, "no option tasks_per_node: a job is one process"),
        ("local", {"slurm_nodes": 2, "slurm_typo": 1}, "Unknown argument 'typo'"),
        ("local", {"gpus": 1}, "a cluster option is wrong: "),
        ("local", {"timeout_min": "long"}, "'timeout_min' expected|\"timeout_min\" expected"),
    ],
)
def test_a_wrong_cluster_is_refused_and_nothing_is_left(
    name, options, message, monkeypatch, tmp_path
):
    monkeypatch.setenv("PATH", str(tmp_path))  # no srun here
    with pytest.raises(ganzoo.UsageError, match=message):
        check_cluster(name, options)
    assert list(tmp_path.iterdir()) == []


def test_the_options_of_a_cluster_are_read_as_toml():
    assert _assigned("timeout_min=240") == ("timeout_min", 240)
    assert _assigned("slurm_partition=gpu") == ("slurm_partition", "gpu")
    assert _assigned('slurm_setup=["module load cuda"]') == ("slurm_setup", ["module load cuda"])
    for wrong in ("timeout_min", "a.b=1"):
        with pytest.raises(ganzoo.UsageError, match="should be KEY=VALUE"):
            _assigned(wrong)


# --- SLURM, as its programs answer


@pytest.fixture
def slurm(monkeypatch, tmp_path):
    """Programs of SLURM that print what a test writes into files; the jobs are not run."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("srun", "sbatch", "squeue"):
        program = programs / name
        program.write_text(f'#!/bin/sh\ncat "{tmp_path}/{name}" || exit 1\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    return tmp_path


def work_in(directory: SweepDirectory) -> Work:
    return Work(Cell("bce", {"loss": {"name": "bce"}}), directory, Measuring(), 1, None)


def test_a_job_under_way_is_found_again_and_one_that_has_ended_is_submitted_anew(
    slurm, monkeypatch
):
    monkeypatch.setattr(on_cluster, "LOOK_EVERY", 0.0)
    directory = SweepDirectory(Path("out"))
    directory.create()
    (slurm / "sbatch").write_text("Submitted batch job 17\n")
    first = Cluster("slurm", {"timeout_min": 5}, directory).job_of(work_in(directory))
    assert first == "17"
    (slurm / "sbatch").write_text("Submitted batch job 18\n")
    cluster = Cluster("slurm", {"timeout_min": 5}, directory)

    # Under way, or the cluster does not answer.
    for state in ("PENDING", "RUNNING", "COMPLETING", "REQUEUED"):
        (slurm / "squeue").write_text(f"3 FAILED\n17 {state}\n")
        assert cluster.job_of(work_in(directory)) == "17"
        assert cluster.queued("17") == (state in ("PENDING", "REQUEUED"))
    (slurm / "squeue").unlink()
    assert cluster.job_of(work_in(directory)) == "17"
    assert cluster.ended("17") is None

    # Ended.
    (slurm / "squeue").write_text("3 RUNNING\n17 CANCELLED\n")
    assert cluster.ended("17") == "CANCELLED"
    assert cluster.job_of(work_in(directory)) == "18"
    (slurm / "squeue").write_text("")
    assert cluster.ended("18") == "unknown to the cluster"


def test_a_job_of_other_settings_is_not_taken_for_this_ones(slurm, monkeypatch):
    directory = SweepDirectory(Path("out"))
    directory.create()
    (slurm / "squeue").write_text("17 RUNNING\n")
    (slurm / "sbatch").write_text("Submitted batch job 17\n")
    cluster = Cluster("slurm", {"timeout_min": 5}, directory)
    assert cluster.job_of(work_in(directory)) == "17"
    (slurm / "sbatch").write_text("Submitted batch job 18\n")
    other = Work(Cell("bce", {"loss": {"name": "hinge"}}), directory, Measuring(), 1, None)
    with pytest.raises(ganzoo.UsageError, match=r"job 17 still trains bce .*: scancel 17"):
        cluster.job_of(other)

    # It has ended, and what it wrote last is not the outcome of the new one.
    monkeypatch.setattr(on_cluster, "LOOK_EVERY", 0.0)
    (slurm / "squeue").write_text("17 COMPLETED\n18 RUNNING\n")
    work = ClusterWork(**vars(other), cluster=cluster)
    work.begin({})
    assert work.job == "18"
    directory.write("bce", Outcome("finished", config=work_in(directory).cell.toml()))
    assert work.poll() is None
    directory.write("bce", Outcome("finished", config=other.cell.toml()))
    assert work.poll() == Outcome("finished", config=other.cell.toml())


def test_a_job_is_told_that_its_cell_is_trained_and_is_only_to_be_evaluated(slurm):
    from submitit.core.utils import DelayedSubmission

    directory = SweepDirectory(Path("out"))
    directory.create()
    (slurm / "sbatch").write_text("Submitted batch job 17\n")
    work = replace(work_in(directory), trained=True)
    Cluster("slurm", {"timeout_min": 5}, directory).job_of(work)
    (file,) = Path("out/cells/jobs").glob("17*_submitted.pkl")
    assert DelayedSubmission.load(file).function.work.trained


def test_ctrl_c_while_a_job_is_submitted_waits_until_its_number_is_noted(slurm):
    program = slurm / "bin" / "sbatch"
    program.write_text("#!/bin/sh\nkill -INT $PPID\nsleep 0.2\necho Submitted batch job 17\n")
    directory = SweepDirectory(Path("out"))
    directory.create()
    with pytest.raises(KeyboardInterrupt):
        Cluster("slurm", {"timeout_min": 5}, directory).job_of(work_in(directory))
    assert json.loads(directory.file("bce", "job").read_text())["job"] == "17"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_process_that_has_ended_or_is_another_program_is_no_job():
    ended = subprocess.Popen(["true"])
    wait_for(lambda: Path(f"/proc/{ended.pid}/stat").read_text().split()[2] == "Z")
    other = subprocess.Popen(["sleep", "60"])
    try:
        assert not on_cluster._runs(str(ended.pid))
        assert not on_cluster._runs(str(other.pid))
    finally:
        other.kill()
        other.wait()
        ended.wait()


def test_a_job_that_the_cluster_refuses_ends_the_sweep_with_its_words(slurm, capfd):
    program = slurm / "bin" / "sbatch"
    program.write_text(
        "#!/bin/sh\necho 'sbatch: error: invalid partition specified: gpu' >&2\nexit 1"
    )
    with pytest.raises(ganzoo.UsageError, match="no job can be submitted: .*partition .*: gpu"):
        ganzoo.sweep(
            GRID, "out", cluster="slurm", cluster_options={"timeout_min": 5}, quiet=True, **TINY
        )
    assert capfd.readouterr().err == ""


def test_a_job_has_the_processors_that_it_asks_for_in_its_step_too(slurm):
    """Since SLURM 22.05 srun does not read the number of its job."""
    executor = make_executor("slurm", {"timeout_min": 5, "cpus_per_task": 4}, Path("jobs"))
    parameters = executor._executor.parameters
    assert (parameters["cpus_per_task"], parameters["srun_args"]) == (4, ["-c4"])


# --- Jobs, as processes of submitit on this machine


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_jobs_go_on_without_the_sweep_save_before_their_time_limit_and_are_found_again():
    """The signal before a time limit, to the job and all that it started; Ctrl-C of the sweep."""
    command = [*COMMAND, "--steps", "1500"]
    terminal = f"import os; os.setsid(); from ganzoo.cli import main; main({command})"
    sweep = start_snippet(terminal, Path.cwd())
    wait_for(lambda: any(file.stat().st_size for file in Path("out").glob("*/metrics.jsonl")))
    (file,) = Path("out/cells").glob("*.job")
    controller = json.loads(file.read_text())["job"]
    (job,) = children(controller)
    (trainer,) = children(job)
    for process in (trainer, job):
        os.kill(int(process), signal.SIGUSR2)
    os.killpg(sweep.process.pid, signal.SIGINT)  # as a terminal does
    code, _, err = sweep.finish(timeout=300)
    assert code == 130
    ends = f"The jobs go on, and the same sweep waits for them; to end them: kill {controller}"
    assert ends in err
    assert Path(f"/proc/{controller}").exists()

    # The same command submits nothing anew.
    code, out, err = run_ganzoo(command, Path.cwd())
    assert code == 0, err
    assert "1 finished, 0 refused, 0 failed" in out
    (metrics,) = Path("out").glob("*/metrics.jsonl")
    kinds = [event["event"] for event in ganzoo.Run(metrics.parent).events()]
    assert (kinds.count("started"), kinds.count("resumed")) == (1, 1)
    assert len(list(Path("out/cells/jobs").glob("*_submitted.pkl"))) == 1


def children(process: str) -> list[str]:
    """The processes that a process has started."""
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


@pytest.mark.slow
def test_a_job_that_is_ended_saves_and_fails_alone_and_the_same_sweep_resumes_it(monkeypatch):
    monkeypatch.setattr(on_cluster, "PATIENCE", 1.0)

    class Ending(Quiet):
        """Ends the job of the first seed, as `scancel` does, once it trains."""

        sent = False

        def running(self, works, done, total):
            for work in works if not self.sent else ():
                if "seed=0" in work.cell.name and work.directory.reached(work.cell.name):
                    os.kill(int(work.job), signal.SIGTERM)
                    self.sent = True

    grid = {"loss": ["bce"], "seed": [0, 1]}
    settings = {"steps": 400, **TINY}
    request = requested(grid, config=None, recipe=None, measuring={}, settings=settings)
    swept = run_sweep(request, Path("out"), None, Ending(), "local")
    assert list(swept.runs) == ["bce-seed=1"]
    assert "has ended, COMPLETED; see out/cells/jobs/" in swept.failed["bce-seed=0"]
    stopped = ganzoo.Run("out/bce-seed=0")
    assert stopped.state == "stopped"
    assert 0 < stopped.steps[-1] < 400
    swept = ganzoo.sweep(grid, "out", cluster="local", quiet=True, **settings)
    assert list(swept.runs) == ["bce-seed=0", "bce-seed=1"]
    assert [e["event"] for e in swept.runs["bce-seed=0"].events()].count("resumed") == 1
