"""Promises of the log: whatever happens to its file, no later line is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import ganzoo
from ganzoo.run import journal
from ganzoo.run.metrics_log import MetricsLog


def write(log: MetricsLog, step: int) -> None:
    log.terms.add(step, {"loss": torch.tensor(float(step))})
    log.append(log.new_line(step, batch_size=4))


def steps(file: Path) -> list[int]:
    return [line["step"] for line in journal.read_log(file)]


@pytest.fixture
def log(tmp_path) -> MetricsLog:
    log = MetricsLog(tmp_path / "metrics.jsonl")
    for step in (1, 2):
        write(log, step)
    return log


def test_lines_have_step_speed_and_means(log, tmp_path):
    first, second = journal.read_log(tmp_path / "metrics.jsonl")
    assert set(first) == {"step", "images_per_second", "loss"}
    assert (first["loss"], second["loss"]) == (1.0, 2.0)
    assert second["images_per_second"] > 0


def test_a_log_that_was_removed_is_written_again_with_a_warning(log, tmp_path):
    (tmp_path / "metrics.jsonl").unlink()
    with pytest.warns(ganzoo.GanzooWarning, match="was removed; its last 2 lines are there again"):
        write(log, 3)
    write(log, 4)
    assert steps(tmp_path / "metrics.jsonl") == [1, 2, 3, 4]


def test_a_log_that_was_replaced_gets_the_later_lines(log, tmp_path):
    """An editor, or `sed -i`, writes a new file under the old name."""
    file = tmp_path / "metrics.jsonl"
    (tmp_path / "new").write_text(file.read_text().splitlines(keepends=True)[0])
    (tmp_path / "new").replace(file)
    write(log, 3)
    assert steps(file) == [1, 3]


def test_a_run_whose_log_is_removed_goes_on_with_all_lines(tmp_path):
    class Remove(ganzoo.Observer):
        def metrics(self, step, values):
            if step == 4:
                (tmp_path / "run" / "metrics.jsonl").unlink()

    with pytest.warns(ganzoo.GanzooWarning, match="was removed"):
        run = ganzoo.train(
            arch={"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
            loss="bce", data={"name": "gaussians", "count": 50}, steps=8, batch_size=4,
            log_every=2, sample_count=4, device="cpu", run_dir=tmp_path / "run",
            observers=[Remove()],
        )  # fmt: skip
    assert [line["step"] for line in run.metrics()] == [2, 4, 6, 8]
