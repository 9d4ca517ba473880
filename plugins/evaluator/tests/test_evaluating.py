"""Promises of evaluation while a run is trained. On points and modes, which take no time."""

from __future__ import annotations

import json

import pytest
from ganzoo_evaluator.observer import Evaluating
from ganzoo_evaluator.options import EvaluatingOptions

import ganzoo

TINY = {
    "arch": {"name": "vanilla", "width": 16, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 500},
    "batch_size": 8,
    "sample_count": 4,
    "log_every": 2,
    "checkpoint_every": 4,
    "device": "cpu",
}
OPTIONS = {"observer.evaluator.metrics": ["modes"], "observer.evaluator.n": 50}


def train(run_dir, **settings):
    return ganzoo.train(run_dir=run_dir, **(TINY | {"steps": 12} | settings))


def lines(run, name="metrics.jsonl"):
    text = (run.path / name).read_text()
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return train(tmp_path_factory.mktemp("runs") / "run", eval_every=4, options=OPTIONS)


def test_numbers_are_in_the_first_line_and_in_those_that_are_due(evaluated):
    steps = [line["step"] for line in lines(evaluated) if "modes" in line]
    assert steps == [2, 4, 8, 12]
    assert all(0 <= line["modes"] <= 25 for line in lines(evaluated) if "modes" in line)


def test_they_are_written_beside_with_all_there_is_to_know(evaluated):
    written = lines(evaluated, "evaluations.jsonl")
    assert {(line["step"], line["name"]) for line in written} == {
        (step, name) for step in (2, 4, 8, 12) for name in ("modes", "near-a-mode")
    }
    assert written[0]["floor"] is not None
    assert written[0]["n"] == 50


def test_training_is_the_same_to_the_bit_with_and_without(evaluated, tmp_path):
    plain = train(tmp_path / "plain")
    measured = {"modes", "near-a-mode", "images_per_second"}
    for mine, theirs in zip(lines(evaluated), lines(plain), strict=True):
        assert {k: v for k, v in mine.items() if k not in measured} == {
            k: v for k, v in theirs.items() if k not in measured
        }
    for step in plain.steps:
        names = [p.name for p in plain.directory.checkpoint(step).iterdir()]
        for name in names:
            if name != "manifest.json":
                files = [run.directory.checkpoint(step) / name for run in (evaluated, plain)]
                assert files[0].read_bytes() == files[1].read_bytes(), (step, name)


def test_a_resumed_run_measures_where_one_that_was_not_stopped_does(evaluated, tmp_path):
    run = train(tmp_path / "run", steps=6, eval_every=4, options=OPTIONS)
    run = ganzoo.resume(run.path, steps=12)
    got, wanted = (
        [(line["step"], line["modes"]) for line in lines(r) if "modes" in line]
        for r in (run, evaluated)
    )
    assert got == wanted


def test_the_best_checkpoint_can_be_kept_by_them(tmp_path):
    run = train(
        tmp_path / "run", eval_every=4, options=OPTIONS, keep=1, keep_best="near-a-mode:max"
    )
    best = max(
        (line for line in lines(run) if line["step"] in (4, 8, 12)),
        key=lambda line: (line["near-a-mode"], -line["step"]),
    )
    assert set(run.steps) == {best["step"], 12}


def test_a_metric_that_is_not_there_switches_it_off_and_training_goes_on(tmp_path):
    options = OPTIONS | {"observer.evaluator.metrics": ["modess"]}
    with pytest.warns(UserWarning, match="'evaluator' of gan-zoo .* switched off.*modess"):
        run = train(tmp_path / "run", eval_every=4, options=options)
    assert run.steps[-1] == 12


def test_it_is_due_at_the_first_line_and_after_every_so_many_steps():
    watching = Evaluating(EvaluatingOptions(every=25))
    watching.attached(None, {"logging": {"log_every": 10}})
    assert [step for step in range(10, 101, 10) if watching._due(step)] == [10, 30, 50, 80, 100]
