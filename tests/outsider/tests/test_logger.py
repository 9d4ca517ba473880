"""Promises of the night-watch and of the command that prints its log."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from nocturne_gan.command import night_log

import ganzoo

TINY = {
    "arch": {"name": "nocturne", "width": 8, "blocks": 1, "latent_dim": 4},
    "loss": "twilight",
    "data": {"name": "night-sky", "count": 40, "size": 8},
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 1,
    "checkpoint_every": 2,
    "options": {"observer.night-watch.every": 2},
    "device": "cpu",
}


@pytest.fixture
def run(tmp_path, monkeypatch) -> ganzoo.Run:
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    return ganzoo.train(run_dir=tmp_path / "run", observers=["night-watch"], steps=3, **TINY)


def log_of(run: ganzoo.Run) -> list[str]:
    return (run.path / "night-watch" / "log.md").read_text().splitlines()


def test_the_log_tells_the_night_in_order(run):
    title, _, begins, first, *rest = log_of(run)
    assert title == "# run"
    assert begins == "- step 0: the watch begins; dawn is at step 3"
    assert first == "- step 0: ![the sky](../samples/000000.png)"
    (numbers,) = [k for k, line in enumerate(rest) if ": discriminator/" in line]
    assert rest[numbers].startswith("- step 2: ")
    assert rest.index("- step 2: safe in 000002") > numbers
    assert rest[-1] == "- step 3: dawn"


def test_a_resumed_run_goes_on_in_the_same_log(run):
    ganzoo.resume(run.path, steps=5)
    lines = log_of(run)
    assert "- step 3: the watch begins; dawn is at step 5" in lines
    assert lines[-1] == "- step 5: dawn"
    assert len([line for line in lines if line.startswith("#")]) == 1


def test_the_command_prints_it(run):
    whole = CliRunner().invoke(night_log, [str(run.path)])
    assert whole.output.splitlines() == log_of(run)
    end = CliRunner().invoke(night_log, [str(run.path), "--last", "1"])
    assert end.output == "- step 3: dawn\n"


def test_a_run_without_a_watch_is_told_how_to_set_one(tmp_path):
    result = CliRunner().invoke(night_log, [str(tmp_path)])
    assert isinstance(result.exception, ganzoo.UsageError)
    assert "--observer night-watch" in str(result.exception)
