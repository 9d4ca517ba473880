"""Promises of the commands about runs: resume, runs, doctor, show run, keeping and overriding."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from toys import TINY_COMMAND

import ganzoo
from ganzoo.cli.runs import fitting_table


def test_resume_auto_is_safe_to_repeat(ganzoo_cli):
    command = [*TINY_COMMAND, "--run-dir", "run", "--resume", "auto"]
    for _ in range(3):
        code, out, _ = ganzoo_cli(*command)
        assert code == 0
        assert "Done: run" in out
    events = [e["event"] for e in ganzoo.Run("run").events()]
    assert events == ["started", "checkpoint", "finished"]


def test_resume_auto_with_other_settings_lists_the_differences(ganzoo_cli):
    ganzoo_cli(*TINY_COMMAND, "--run-dir", "run")
    again = [*TINY_COMMAND, "--run-dir", "run", "--resume", "auto"]
    code, _, err = ganzoo_cli(*again, "--batch-size", "8", "--steps", "6")
    assert code == 2
    assert "training.batch_size: 4 before, 8 now" in err
    assert "training.steps: 3 before, 6 now" in err
    code, _, err = ganzoo_cli(*again, "--steps", "6")
    assert code == 2
    assert "--override resumes with these changes" in err
    assert ganzoo_cli(*again, "--steps", "6", "--override")[0] == 0
    assert ganzoo.Run("run").steps == [3, 6]


def test_resume_takes_settings_with_an_override(ganzoo_cli):
    ganzoo_cli(*TINY_COMMAND, "--run-dir", "run")
    command = ["resume", "run", "--steps", "5", "-o", "training.generator_lr=0.001"]
    code, _, err = ganzoo_cli(*command)
    assert code == 2
    assert "training.generator_lr: 0.0005 before, 0.001 now" in err
    assert ganzoo_cli(*command, "--override")[0] == 0
    assert ganzoo.Run("run").config.training.generator_lr == 0.001


def test_the_last_and_the_best_checkpoint_are_kept_and_the_best_is_sampled(ganzoo_cli):
    keep = ["--checkpoint-every", "1", "--log-every", "1", "--keep", "1"]
    best = ["--keep-best", "diversity/fake:max"]
    assert ganzoo_cli(*TINY_COMMAND, "--run-dir", "run", *keep, *best)[0] == 0
    assert len(ganzoo.Run("run").steps) <= 2
    assert ganzoo_cli("sample", "run", "--step", "best", "--n", "1", "--out", "one.png")[0] == 0
    assert Path("one.png").exists()
    code, _, err = ganzoo_cli("sample", "run", "--step", "worst")
    assert code == 2
    assert "'worst' is neither a step nor 'best'" in err


EVALUATE = ("--eval-every", "2", "--eval-metrics", "modes", "--eval-images", "50")
POINTS = ("--data", "gaussians", "-o", "data.count=200", "--log-every", "1", "--steps", "4")


def test_a_run_is_evaluated_while_it_trains(ganzoo_cli):
    arch = ["--arch", "vanilla", "-o", "arch.width=8", "--loss", "bce", "--device", "cpu"]
    assert ganzoo_cli("train", *arch, *POINTS, *EVALUATE, "--run-dir", "run")[0] == 0
    run = ganzoo.Run("run")
    assert [line["step"] for line in run.metrics() if "modes" in line] == [1, 2, 4]
    assert {line["name"] for line in run.evaluations()} == {"modes", "near-a-mode"}


def test_metrics_to_evaluate_are_checked_before_training(ganzoo_cli):
    code, _, err = ganzoo_cli(*TINY_COMMAND, "--eval-every", "2", "--eval-metrics", "modess")
    assert code == 2
    assert "no metric named 'modess'. Did you mean 'modes'?" in err
    assert list(Path().iterdir()) == []


def test_runs_lists_each_with_state_step_and_metrics(ganzoo_cli, trained):
    Path("runs").mkdir()
    shutil.copytree(trained, "runs/00001-a")
    shutil.copytree(trained, "runs/00002-b")
    Path("runs/00002-b/config.toml").write_text("nonsense =")
    Path("runs/not-a-run").mkdir()
    code, out, _ = ganzoo_cli("runs")
    assert code == 0
    rows = out.splitlines()
    assert len(rows) == 3
    assert "00001-a" in rows[1]
    assert "finished" in rows[1]
    assert "3 of 3" in rows[1]
    assert "D real" in rows[1]
    assert "damaged" in rows[2]


def test_runs_speaks_json(ganzoo_cli, trained):
    code, out, _ = ganzoo_cli("runs", trained.parent, "--json")
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert (row["run"], row["state"], row["step"], row["steps"]) == (str(trained), "finished", 3, 3)
    assert row["metrics"]["diversity/fake"] > 0


def test_where_there_are_no_runs_it_says_so(ganzoo_cli):
    Path("runs").mkdir()
    assert ganzoo_cli("runs") == (0, "There are no runs in runs.\n", "")
    assert ganzoo_cli("runs", "nowhere")[0] == 2


def test_the_doctor_does_not_judge_a_run_of_three_steps(ganzoo_cli, trained):
    code, out, _ = ganzoo_cli("doctor", trained)
    assert code == 0
    assert "has finished at step 3 of 3" in out
    assert "There is too little to judge its training by" in out
    assert "Nothing is wrong" not in out


def test_the_doctor_finds_nothing_wrong_with_a_healthy_run(ganzoo_cli, trained):
    lines = [{"step": 100 + k, "diversity/real": 0.8, "diversity/fake": 0.6} for k in range(5)]
    log = "".join(json.dumps(line) + "\n" for line in lines)
    (Path(shutil.copytree(trained, "run")) / "metrics.jsonl").write_text(log)
    code, out, _ = ganzoo_cli("doctor", "run")
    assert (code, out.splitlines()[1:]) == (0, ["Nothing is wrong with it."])


def test_the_doctor_finds_a_damaged_checkpoint(ganzoo_cli, trained):
    (Path(shutil.copytree(trained, "run")) / "checkpoints/000003/ema.safetensors").write_bytes(b"")
    code, out, _ = ganzoo_cli("doctor", "run")
    assert code == 1
    assert "it has no intact checkpoint" in out
    assert "000003 (ema.safetensors: its checksum differs from that in the manifest)" in out


@pytest.mark.parametrize("command", [["runs", "."], ["doctor", "run"], ["show", "run", "run"]])
def test_reading_a_run_imports_no_torch(trained, command):
    """Which takes seconds."""
    shutil.copytree(trained, "run")
    code = (
        "import sys\nfrom ganzoo.cli import main\n"
        f"try:\n    main({command})\n"
        "finally:\n    print('IMPORTED', *{'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("IMPORTED\n")


RUNS = [
    ["00001-dcgan-bce-fashion-mnist", "finished", "3,000 of 3,000", "2026-11-26 22:57",
     "D real 0.693, D fake 0.702, G adversarial 0.812"],
    ["00002-vanilla-[bold]-emoji", "killed", "20 of 3,000", "2026-11-26 22:58", "D real 0.1"],
    ["a", "damaged", "", "", ""],
]  # fmt: skip


@pytest.mark.parametrize(
    ("width", "heads"),
    [(40, ["run", "state"]), (80, ["run", "state", "step", "changed"]),
     (120, ["run", "state", "step", "changed", "last metrics"])],
)  # fmt: skip
def test_the_table_of_runs_fits_the_terminal_with_whole_names(width, heads):
    from rich.console import Console

    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(fitting_table(RUNS, width))
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 1 + len(RUNS)
    assert max(map(len, lines)) <= width
    assert [head in lines[0] for head in heads] == [True] * len(heads)
    for cells, line in zip(RUNS, lines[1:], strict=True):
        assert line.split("  ")[0] == cells[0]
        for cell in cells[: min(len(heads), 4)]:
            assert cell in line
    assert ("D real 0.693, D fake 0" in lines[1]) == (width == 120)


def test_a_name_wider_than_the_terminal_is_folded_and_not_cut():
    from rich.console import Console

    console = Console(file=io.StringIO(), width=20, color_system=None)
    console.print(fitting_table(RUNS, 20))
    text = "".join(line.strip() for line in console.file.getvalue().splitlines())
    assert text == "run" + "".join(cells[0] for cells in RUNS)


def test_a_run_that_diverges_is_stopped_and_explained(ganzoo_cli):
    rates = ["--generator-lr", "1e30", "--discriminator-lr", "1e30"]
    command = [*TINY_COMMAND, "--run-dir", "run", "--loss", "wasserstein", *rates]
    code, _, err = ganzoo_cli(*command)
    assert code == 1
    assert "no checkpoint was saved yet" in err
    assert "far above the usual" in err
    code, out, _ = ganzoo_cli("doctor", "run")
    assert code == 1
    assert "run has failed at step" in out
    assert "far above the usual" in out


def test_a_run_shows_where_it_came_from(ganzoo_cli, trained):
    code, out, _ = ganzoo_cli("show", "run", trained)
    assert code == 0
    words = " ".join(out.split())
    assert "vanilla + bce on emoji at 8 px, conditional" in words
    assert "state finished" in words
    assert "--conditional --run-dir" in words  # the command line
    assert "gan-zoo 0.1.0" in words
    assert "seed 0" in words
    assert "started at step 0" in words
    assert "finished at step 3" in words


@pytest.mark.parametrize("command", [["doctor"], ["show", "run"], ["resume"]])
def test_a_folder_that_is_no_run_is_refused(ganzoo_cli, command):
    Path("empty").mkdir()
    code, _, err = ganzoo_cli(*command, "empty")
    assert code == 2
    assert "no run directory" in err


def test_a_stopped_run_says_how_to_resume(ganzoo_cli, monkeypatch):
    from ganzoo.assembly.trainer import Trainer

    whole = Trainer.train_step

    def stopping(trainer):
        trainer.stop(interrupt=True)
        return whole(trainer)

    monkeypatch.setattr(Trainer, "train_step", stopping)
    code, _, err = ganzoo_cli(*TINY_COMMAND, "--run-dir", "run")
    assert code == 130
    assert "Stopped after step 1; `ganzoo resume run` resumes the run." in err
    assert ganzoo.Run("run").state == "stopped"
