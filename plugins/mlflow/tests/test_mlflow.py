"""Promises of the MLflow observer, read back with MLflow's own client."""

from __future__ import annotations

import json
import socket
import sys
from importlib.util import find_spec

import pytest

import ganzoo

if find_spec("mlflow") is None:  # which takes long to import, also where no test here is run
    pytest.skip("mlflow is not installed", allow_module_level=True)
component = next(
    c
    for c in ganzoo.default_host().components("observer")
    if c.spec.factory.endswith("_mlflow.observer:MLflow")
)
NAME = component.spec.name

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 100},
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 2,
    "sample_every": 3,
    "checkpoint_every": 4,
    "device": "cpu",
}


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # the tables of a database take seconds


class Crash(ganzoo.Observer):
    def step(self, trainer, terms):
        if trainer.step == 7:
            raise RuntimeError("the machine went down")


def logged(run_dir, tmp_path):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=(tmp_path / "store").as_uri())
    kept = json.loads((run_dir / "mlflow" / "run.json").read_text())
    return client, client.get_run(kept["run_id"])


@pytest.mark.slow
def test_a_crashed_run_is_failed_and_resumed_as_one_run_without_holes_or_repeats(tmp_path):
    long = "x" * 7000
    options = {f"observer.{NAME}.tags": {"long": long}}
    with pytest.raises(RuntimeError, match="went down"):
        ganzoo.train(
            run_dir=tmp_path / "run", observers=[NAME, Crash()], options=options, steps=10, **TINY
        )
    client, before = logged(tmp_path / "run", tmp_path)
    assert before.info.status == "FAILED"
    run = ganzoo.resume(tmp_path / "run")
    client, after = logged(run.path, tmp_path)
    assert (after.info.run_id, after.info.status) == (before.info.run_id, "FINISHED")

    # Metrics, against the log.
    lines = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    for name in lines[0].keys() - {"step", "images_per_second"}:
        points = [(m.step, m.value) for m in client.get_metric_history(after.info.run_id, name)]
        assert points == [(line["step"], line[name]) for line in lines]

    # Settings and sample grids.
    assert after.data.params["training.batch_size"] == "4"
    assert after.data.params[f"observer.{NAME}.tags.long"] == long[:6000]
    paths = [file.path for file in client.list_artifacts(after.info.run_id, "samples")]
    assert paths == [f"samples/{step:06d}.png" for step in (0, 3, 6, 9, 10)]


def test_without_its_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ganzoo.UsageError, match=r"pip install \"gan-zoo\[mlflow\]\""):
        ganzoo.train(run_dir=tmp_path / "run", observers=[NAME], steps=1, **TINY)
    assert not (tmp_path / "run").exists()


def test_a_server_that_does_not_answer_is_named_at_once_and_the_training_goes_on(
    tmp_path, monkeypatch
):
    """A port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    with pytest.warns(ganzoo.GanzooWarning, match=f"MLflow at 127.0.0.1:{port} does not answer"):
        run = ganzoo.train(run_dir=tmp_path / "run", observers=[NAME], steps=2, **TINY)
    assert run.steps == [2]
