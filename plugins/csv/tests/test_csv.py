"""Promises of the CSV table, read with the csv module and with pandas."""

from __future__ import annotations

import csv
import json

import pytest
import torch
from torch import nn

import ganzoo

component = next(
    c
    for c in ganzoo.default_host().components("observer")
    if c.spec.factory.endswith("_csv.observer:Table")
)
NAME = component.spec.name

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 100},
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 2,
    "checkpoint_every": 4,
    "device": "cpu",
}


class Late(ganzoo.Observer):
    """Measures a number at steps 4 and 8, as an evaluation does."""

    def measure(self, trainer):
        return {"evaluation/distance": trainer.step / 3} if trainer.step % 4 == 0 else {}


class Crash(ganzoo.Observer):
    def step(self, trainer, terms):
        if trainer.step == 7:
            raise RuntimeError("the machine went down")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))


def train(run_dir, *more: ganzoo.Observer, **settings) -> ganzoo.Run:
    return ganzoo.train(run_dir=run_dir, observers=[NAME, *more], **(TINY | settings))


def file_of(run: ganzoo.Run):
    return run.path / "csv" / "metrics.csv"


def table_of(run: ganzoo.Run) -> list[dict[str, float]]:
    """Rows of numbers, without the cells that are empty."""
    with file_of(run).open(newline="") as stream:
        rows = list(csv.DictReader(stream, strict=True))
    return [{name: float(cell) for name, cell in row.items() if cell} for row in rows]


def log_of(run: ganzoo.Run) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]


def test_each_line_of_the_log_is_a_row(tmp_path):
    run = train(tmp_path / "run", steps=5)
    assert table_of(run) == log_of(run)
    assert [row["step"] for row in table_of(run)] == [2, 4, 5]


def test_a_name_that_comes_late_widens_the_table_and_keeps_its_rows(tmp_path):
    run = train(tmp_path / "run", Late(), steps=6)
    assert table_of(run) == log_of(run)
    with file_of(run).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["evaluation/distance"] for row in rows] == ["", str(4 / 3), ""]


def test_pandas_reads_it(tmp_path):
    pandas = pytest.importorskip("pandas")
    run = train(tmp_path / "run", Late(), steps=6)
    frame = pandas.read_csv(file_of(run))
    assert list(frame["step"]) == [2, 4, 6]
    assert list(frame["evaluation/distance"].isna()) == [True, False, True]
    for name in log_of(run)[0]:
        assert list(frame[name]) == pytest.approx([line[name] for line in log_of(run)])


@pytest.mark.parametrize("torn", ["", "7,0.1"], ids=["whole", "torn"])
def test_a_resumed_run_has_the_table_of_an_uninterrupted_one(torn, tmp_path):
    straight = train(tmp_path / "straight", Late(), steps=10)
    with pytest.raises(RuntimeError, match="went down"):
        train(tmp_path / "run", Late(), Crash(), steps=10)
    run = ganzoo.Run(tmp_path / "run")
    assert table_of(run)[-1]["step"] == 6
    with file_of(run).open("a") as stream:
        stream.write(torn)
    run = ganzoo.resume(run.path, observers=[Late()])
    assert table_of(run) == log_of(run)
    rows, expected = (
        [{k: v for k, v in row.items() if k != "images_per_second"} for row in table_of(r)]
        for r in (run, straight)
    )
    assert rows == expected
    assert file_of(run).read_text().split("\n")[0] == file_of(straight).read_text().split("\n")[0]


def test_a_run_that_is_extended_has_the_rows_of_its_log(tmp_path):
    """The last line of a run that ends between two lines is replaced where it goes on."""
    run = train(tmp_path / "run", steps=5)
    run = ganzoo.resume(run.path, steps=8)
    assert [row["step"] for row in table_of(run)] == [2, 4, 6, 8]
    assert table_of(run) == log_of(run)


def test_an_observer_that_joins_later_has_the_lines_before(tmp_path):
    run = ganzoo.train(run_dir=tmp_path / "run", steps=4, **TINY)
    run = ganzoo.resume(run.path, steps=6, observers=[ganzoo.create("observer", NAME)])
    assert [row["step"] for row in table_of(run)] == [2, 4, 6]


def test_a_removed_table_is_begun_again_with_its_header(tmp_path):
    class Remove(ganzoo.Observer):
        def step(self, trainer, terms):
            if trainer.step == 3:
                (tmp_path / "run" / "csv" / "metrics.csv").unlink()

    run = train(tmp_path / "run", Remove(), steps=6)
    assert table_of(run) == log_of(run)[1:]


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
