"""Promises of the TensorBoard observer, read back with TensorBoard's own reader."""

from __future__ import annotations

import json
import sys

import pytest
import torch
from torch import nn

import ganzoo

component = next(
    c
    for c in ganzoo.default_host().components("observer")
    if c.spec.factory.endswith("_tensorboard.observer:TensorBoard")
)
NAME = component.spec.name
pytest.importorskip("tensorboard")

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 100},
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 2,
    "sample_every": 3,
    "device": "cpu",
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))


def read(run: ganzoo.Run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    return events


def log_of(run: ganzoo.Run) -> dict[str, list[tuple[int, float]]]:
    lines = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    names = [name for name in lines[0] if name not in ("step", "images_per_second")]
    return {name: [(line["step"], line[name]) for line in lines] for name in names}


def curves_of(run: ganzoo.Run) -> dict[str, list[tuple[int, float]]]:
    events = read(run)
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
        if name != "images_per_second"
    }


def test_every_metric_and_every_sample_is_in_the_event_files(tmp_path):
    run = ganzoo.train(run_dir=tmp_path / "run", observers=[NAME], steps=6, **TINY)
    curves = curves_of(run)
    assert set(curves) == set(log_of(run))
    for name, points in log_of(run).items():
        assert [step for step, _ in curves[name]] == [step for step, _ in points]
        assert [v for _, v in curves[name]] == pytest.approx([v for _, v in points], rel=1e-5)
    assert [event.step for event in read(run).Images("samples")] == [0, 3, 6]


def test_a_resumed_run_leaves_neither_holes_nor_repeats(tmp_path):
    class Crash(ganzoo.Observer):
        def step(self, trainer, terms):
            if trainer.step == 7:
                raise RuntimeError("the machine went down")

    settings = TINY | {"checkpoint_every": 4, "steps": 10}
    with pytest.raises(RuntimeError, match="went down"):
        ganzoo.train(run_dir=tmp_path / "run", observers=[NAME, Crash()], **settings)
    run = ganzoo.resume(tmp_path / "run")
    curves = curves_of(run)
    for name, points in log_of(run).items():
        assert [step for step, _ in curves[name]] == [2, 4, 6, 8, 10] == [s for s, _ in points]


def test_pictures_can_be_left_out(tmp_path):
    run = ganzoo.train(
        run_dir=tmp_path / "run",
        observers=[NAME],
        options={f"observer.{NAME}.images": False},
        steps=3,
        **TINY,
    )
    assert read(run).Tags()["images"] == []


def test_without_its_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ganzoo.UsageError, match=r"pip install \"gan-zoo\[tensorboard\]\""):
        ganzoo.train(run_dir=tmp_path / "run", observers=[NAME], steps=1, **TINY)
    assert not (tmp_path / "run").exists()


def test_without_a_run_directory_it_warns_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trainer = ganzoo.Trainer(
        generator=nn.Sequential(nn.Linear(4, 16), nn.Unflatten(1, (1, 4, 4))),
        discriminator=nn.Sequential(nn.Flatten(), nn.Linear(16, 1), nn.Flatten(0)),
        latent=4,
        loss=ganzoo.create("loss", "bce"),
        data=ganzoo.ImageStore.from_dataset(list(torch.zeros(8, 1, 4, 4, dtype=torch.uint8))),
        batch_size=4,
        device="cpu",
    )
    with pytest.warns(ganzoo.GanzooWarning, match=r"nothing without a run directory; .*train"):
        trainer.fit(2, observers=[ganzoo.create("observer", NAME)])
    assert list(tmp_path.iterdir()) == []
