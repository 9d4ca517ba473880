"""Promises about single things from outside that once ended a command in a trace or in silence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from fuzz.cases import command, only_for_people

import ganzoo
from ganzoo.run import journal
from ganzoo.run.directory import RunDirectory, check_free, create_run_directory
from ganzoo.run.provenance import git_commit

TIME = "2026-11-26T20:00:00+00:00"

LEFT_OVER = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "29533"}

TRAIN = [
    "train", "--arch", "vanilla", "-o", "arch.width=8", "--loss", "bce", "--data", "emoji",
    "--size", "8", "--device", "cpu", "--steps", "1",
]  # fmt: skip


# --- Run directories


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "file/below"])
def test_a_run_directory_that_cannot_be_is_one_error(tmp_path, name):
    (tmp_path / "file").write_text("")
    path = tmp_path / name
    with pytest.raises(ganzoo.GanzooError, match="the run directory"):
        create_run_directory(path, "label")
    with pytest.raises(ganzoo.GanzooError):
        ganzoo.Run(path)


def test_a_folder_below_a_file_is_no_question_of_permission(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ganzoo.GanzooError, match="file is no folder"):
        check_free(tmp_path / "file" / "run")


def test_runs_are_numbered_beyond_five_digits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "99999-x").mkdir(parents=True)
    paths = [create_run_directory(None, "y").path.name for _ in range(2)]
    assert paths == ["100000-y", "100001-y"]


def test_only_folders_named_by_a_step_are_checkpoints(tmp_path):
    names = ["000200", "1000000", "²", "200", "0000300", "-00001", "9" * 200, "000400.old"]
    for name in names:
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
        (tmp_path / "checkpoints" / name / "manifest.json").write_text("{}")
    assert RunDirectory(tmp_path).checkpoint_steps() == [200, 1_000_000]


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="Windows has no user numbers")
def test_a_folder_of_another_user_hides_no_run(run, tmp_path_factory, monkeypatch):
    """As another user, if this one is root, who may read everything."""
    user, closed = os.geteuid(), run.parent / "closed"
    closed.mkdir()
    closed.chmod(0)
    for folder in (run.parent, *run.parent.parents):
        if folder.is_relative_to(tmp_path_factory.getbasetemp().parent.parent):
            folder.chmod(folder.stat().st_mode | 0o055)
    command("runs", run.parent)  # imports what that user may not read
    os.seteuid(user or 65534)
    try:
        code, out, _ = command("runs", run.parent)
        assert only_for_people(lambda: ganzoo.Run(closed), closed) is None
    finally:
        os.seteuid(user)
        closed.rmdir()
    assert code == 0
    assert [row.split()[:2] for row in out.splitlines()[1:]] == [
        ["closed", "damaged"],
        ["run", "finished"],
    ]


@pytest.mark.parametrize("key", ["host", "kind", "name2", "self"])
def test_an_option_named_like_an_argument_is_no_option(run, key):
    """It was passed on by keyword, beside the argument of that name."""
    config = run / "config.toml"
    whole = config.read_text()
    config.write_text(whole.replace("[arch]", f"[arch]\n{key} = 3"))
    with pytest.raises(ganzoo.UsageError, match=f"no option 'arch.{key}'"):
        ganzoo.Run(run, device="cpu").sample(1)
    config.write_text(whole)


# --- Journals


def test_an_event_without_fields_has_neutral_ones(tmp_path):
    lines = [{"event": "started"}, {"event": "failed", "time": "now", "step": True}, {"time": TIME}]
    lines += [{"event": "finished", "time": TIME, "step": 3}]
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    events = [(event["event"], event["time"], event["step"]) for event in journal.read(file)]
    assert events == [("started", "", None), ("failed", "", None), ("finished", TIME, 3)]


def test_a_line_of_the_log_has_numbers_alone(tmp_path):
    file = tmp_path / "metrics.jsonl"
    file.write_text('{"step": true}\n{"step": 3, "a": NaN, "b": "x", "c": 1, "d": [], "e": true}\n')
    (line,) = journal.read_log(file)
    assert line.pop("a") != 0
    assert line == {"step": 3, "c": 1}


def test_a_large_journal_is_read_from_its_end(tmp_path, monkeypatch):
    file = tmp_path / "events.jsonl"
    for step in range(100):
        journal.append(file, "checkpoint", step=step)
    monkeypatch.setattr(journal, "LATEST", file.stat().st_size // 2)
    steps = [event["step"] for event in journal.read(file)]
    assert steps == [*range(100)][-len(steps) :]
    assert len(steps) in (49, 50)


def test_a_line_without_end_is_left_out(tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text("x" * (3 * journal.LONGEST) + "\n")
    journal.append(file, "finished", step=3)
    assert [event["step"] for event in journal.read(file)] == [3]


def test_a_file_of_anything_else_is_no_journal(tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text("[\n" * 10_000)
    with pytest.raises(ganzoo.GanzooError, match="events.jsonl is damaged: it has many lines"):
        journal.read(file)


# --- Memory


def test_more_images_than_memory_holds_are_refused_before_they_are_drawn(run):
    opened = ganzoo.Run(run, device="cpu")
    for draw in (lambda: opened.sample(10**9), lambda: opened.interpolate(10**8, stops=10**5)):
        with pytest.raises(
            ganzoo.UsageError, match="take more than the .* GiB of memory that this"
        ):
            draw()
    code, _, err = command("sample", run, "--n", 10**9)
    assert (code, err.count("\n")) == (2, 1)
    assert "1000000000 images of 3x8x8, 10 classes take more than" in err


def test_a_plugin_is_not_blamed_for_the_memory_that_the_user_asks_for(monkeypatch, tmp_path):
    """A layer for images of 4096 pixels takes terabytes."""
    monkeypatch.chdir(tmp_path)
    large = ["--size", "4096", "-o", "arch.width=16384"]
    code, _, err = command(*TRAIN, *large)
    assert code == 1
    assert err.splitlines()[-1].startswith("Error: out of memory (")
    assert "vanilla" not in err.splitlines()[-1]


# --- Names


@pytest.mark.usefixtures("small_map")
def test_no_command_prints_an_escape_of_a_name_as_it_is(run, tmp_path, monkeypatch):
    """It would colour the terminal, or worse; `command` looks for it."""
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "\x1b[31mcache"))
    red = shutil.copytree(run, tmp_path / "\x1b[31mred" / "\x1b[31mrun")
    (empty := tmp_path / "\x1b[31mempty").mkdir()
    metric = ["--metric", "sliced-wasserstein", "--n", 20]
    for words in (
        *(["runs", red.parent], ["runs", empty], ["doctor", red], ["show", "run", red]),
        *(["compare", red], ["compare", red, "--format", "markdown"]),
        *(["resume", red, "--steps", 3], ["evaluate", red, *metric]),
        *(["sample", red, "--n", 1, "--out", red / "a.png"], ["report", red, "-o", red / "a.html"]),
        *(["cache", "list"], ["cache", "prune", "--all"]),
    ):
        code, out, err = command(*words)
        assert code == 0, err
        assert "\\x1b[31m" in out + err


# --- The environment


@pytest.mark.parametrize("words", [["list", "losses"], ["--version"], ["runs", "."], ["--help"]])
def test_variables_left_over_from_torchrun_silence_no_command(words, tmp_path):
    """They were taken for one of two processes, the other of which speaks."""
    plain, left_over = (
        subprocess.run(
            [sys.executable, "-m", "ganzoo", *words], env=os.environ | variables, cwd=tmp_path,
            capture_output=True, text=True, check=True,
        )
        for variables in ({}, LEFT_OVER)
    )  # fmt: skip
    assert left_over.stdout == plain.stdout
    assert left_over.stderr == ""


@pytest.mark.parametrize("variables", [{"RANK": "x"}, {"RANK": "2"}, {"WORLD_SIZE": "-1"}])
def test_variables_that_make_no_sense_are_told_where_they_matter(variables, monkeypatch):
    for name, value in (LEFT_OVER | variables).items():
        monkeypatch.setenv(name, value)
    code, _, err = command(*TRAIN)
    assert code == 2
    assert "to train in one process, unset RANK, WORLD_SIZE, MASTER_ADDR in the environment" in err
    assert command("list", "losses")[0] == 0


@pytest.mark.slow
def test_training_says_that_it_waits_for_others(tmp_path):
    code = (
        "from ganzoo.execution import distributed\ndistributed.PATIENCE = 0.1\n"
        f"from ganzoo.cli import main\nmain({TRAIN})"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | LEFT_OVER, cwd=tmp_path, text=True,
        stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        assert program.stderr is not None
        first = program.stderr.readline()
        program.send_signal(2)  # Ctrl-C ends the wait, although torch waits without Python
        assert program.wait(30) != 0
    assert first.startswith("Warning: this process waits for the others of the 2 processes")
    assert "unset RANK, WORLD_SIZE, MASTER_ADDR" in first


def test_a_repository_with_names_in_another_encoding_has_a_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x", "-c", "init.defaultBranch=main"]
    name = os.fsdecode(b"caf\xe9.txt")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "config", "core.quotePath", "false"], check=True)
    Path(name).write_text("1")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    Path(name).write_text("2")
    assert git_commit().endswith(" with changes")


def test_the_states_that_once_ended_in_a_trace_are_refused(run, make_trainer):
    """`{}` and a tensor in the place of a training state; more in `test_checkpoints`."""
    import hashlib

    from ganzoo.run import checkpoints

    folder = run / "checkpoints" / "000002"
    for state in ({}, torch.zeros(3)):
        torch.save(state, folder / "state.pt")
        about = json.loads((folder / "manifest.json").read_text())
        checksum = hashlib.sha256((folder / "state.pt").read_bytes()).hexdigest()
        about["checksums"]["state.pt"] = checksum
        (folder / "manifest.json").write_text(json.dumps(about))
        with pytest.raises(ganzoo.GanzooError, match="state.pt: it is not the training state of"):
            checkpoints.restore(folder, make_trainer())
