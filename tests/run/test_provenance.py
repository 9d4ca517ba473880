"""Promises of the journal and of provenance: a run tells what made it and what became of it."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import version

import pytest
import torch
from filelock import FileLock

import ganzoo
from ganzoo.run import journal
from ganzoo.run.provenance import git_commit

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 200},
    "batch_size": 4,
    "sample_count": 4,
    "steps": 2,
    "device": "cpu",
    "seed": 5,
}


def test_a_run_records_what_made_it(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["ganzoo", "train", "--data", "a b"])
    facts = ganzoo.train(run_dir=tmp_path / "run", **TINY).provenance
    assert facts["command"] == "ganzoo train --data 'a b'"
    assert facts["python"] == platform.python_version()
    assert facts["versions"]["torch"] == torch.__version__
    assert facts["versions"]["gan-zoo"] == version("gan-zoo")
    assert (facts["device"], facts["threads"], facts["seed"]) == ("cpu", torch.get_num_threads(), 5)


def test_the_fingerprint_is_that_of_the_images(tmp_path):
    def fingerprint(name, **data):
        settings = TINY | {"data": {"name": "gaussians", "count": 200} | data}
        return ganzoo.train(run_dir=tmp_path / name, **settings).provenance["dataset"]

    first = fingerprint("a")
    assert fingerprint("b") == first
    assert fingerprint("c", count=201) != first


def git(folder, *words):
    who = ["-c", "user.name=n", "-c", "user.email=e@x"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_the_commit_is_recorded_and_whether_there_are_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit() is None
    git(tmp_path, "init")
    assert git_commit() is None  # no commit yet
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-m", "one")
    commit = git_commit()
    assert len(commit) == 40
    (tmp_path / "a").write_text("2")
    assert git_commit() == commit + " with changes"


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert git_commit() is None


def test_each_session_is_in_the_journal_with_its_own_provenance(tmp_path):
    run = ganzoo.train(run_dir=tmp_path / "run", **TINY)
    ganzoo.resume(run.path, steps=3)
    events = run.events()
    assert [(e["event"], e["step"]) for e in events] == [
        ("started", 0), ("checkpoint", 2), ("finished", 2),
        ("resumed", 2), ("checkpoint", 3), ("finished", 3),
    ]  # fmt: skip
    assert events[3]["config"]["training"]["steps"] == 3
    assert all(event["time"].endswith("+00:00") for event in events)


def test_the_state_is_that_of_the_last_session(tmp_path):
    run = ganzoo.train(run_dir=tmp_path / "run", **TINY)
    assert run.state == "finished"
    with FileLock(run.directory.lock):
        assert run.state == "running"
    journal.append(run.directory.journal, "resumed", step=2)
    assert run.state == "killed"
    journal.append(run.directory.journal, "stopped", step=2)
    assert run.state == "stopped"


def test_a_line_cut_short_by_a_crash_harms_no_other(tmp_path):
    file = tmp_path / "events.jsonl"
    journal.append(file, "started", step=0)
    with file.open("a") as stream:
        stream.write('{"event": "check')
    journal.append(file, "resumed", step=0)
    assert [event["event"] for event in journal.read(file)] == ["started", "resumed"]
    assert len(file.read_text().splitlines()) == 3


def test_a_journal_without_a_beginning_has_no_provenance(tmp_path):
    run = ganzoo.train(run_dir=tmp_path / "run", **TINY)
    run.directory.journal.write_text("")
    with pytest.raises(ganzoo.GanzooError, match="does not say how the run was started"):
        _ = run.provenance


def test_the_log_has_one_schema(tmp_path):
    run = ganzoo.train(run_dir=tmp_path / "run", **(TINY | {"steps": 9, "log_every": 2}))
    ganzoo.resume(run.path, steps=11)
    lines = [json.loads(line) for line in run.directory.metrics.read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6, 8, 10, 11]
    assert len({tuple(line) for line in lines}) == 1
    assert all(isinstance(v, (int, float)) for line in lines for v in line.values())
