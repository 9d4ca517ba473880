"""Promises of resuming: as if the run had never stopped, to the bit."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from forked import Started, start_ganzoo
from safetensors.torch import load_file
from toys import SMALL, general, small_loss

import ganzoo


def train(run_dir: Path, data, steps: int, arch="dcgan", loss="bce", **settings) -> ganzoo.Run:
    defaults = {
        "size": 16,
        "batch_size": 5,
        "n_critic": 2,
        "conditional": True,
        "penalty": {"r1": {"weight": 1.0, "interval": 3}},
        "log_every": 2,
        "sample_every": 4,
        "sample_count": 3,
        "device": "cpu",
        "threads": 1,
    }
    return ganzoo.train(
        arch=SMALL[arch],
        loss=small_loss(loss),
        data=data,
        steps=steps,
        run_dir=run_dir,
        **defaults | settings,
    )


UNREPEATED = "images_per_second"
"""What a resumed run has otherwise in its log: it is measured."""


def assert_same(first: ganzoo.Run, second: ganzoo.Run) -> None:
    """Weights, averages, optimizers, the log and the samples."""
    for name in ("generator", "discriminator", "ema"):
        first_state, second_state = (
            load_file(r.checkpoint / f"{name}.safetensors") for r in (first, second)
        )
        assert all(torch.equal(first_state[key], second_state[key]) for key in first_state), name
    states = [torch.load(r.checkpoint / "state.pt", weights_only=True) for r in (first, second)]
    torch.testing.assert_close(*states, rtol=0, atol=0)
    logs = [
        [{k: v for k, v in line.items() if k != UNREPEATED} for line in run.metrics()]
        for run in (first, second)
    ]
    assert logs[0] == logs[1]
    for step in range(0, first.steps[-1] + 1, first.config.logging.sample_every):
        pictures = [(r.directory.samples / f"{step:06d}.png").read_bytes() for r in (first, second)]
        assert pictures[0] == pictures[1], step


COMBINATIONS = [
    pytest.param(arch, loss, marks=[] if loss in ("bce", "wgan-gp") else pytest.mark.slow)
    for arch in SMALL
    for loss in general("loss")
]


@pytest.mark.parametrize(("arch", "loss"), COMBINATIONS)
def test_stopping_and_resuming_changes_nothing(arch, loss, photos, tmp_path):
    """Before and after a step that writes samples."""
    through = train(tmp_path / "through", photos, 7, arch, loss)
    for pause in (3, 4):
        paused = train(tmp_path / f"paused-{pause}", photos, pause, arch, loss)
        assert ganzoo.resume(paused.path, steps=7).steps == [pause, 7]
        assert_same(through, ganzoo.Run(paused.path))


def test_the_guide_names_what_a_resumed_run_does_not_repeat():
    guide = Path(__file__).parents[2] / "docs" / "guide.md"
    section = guide.read_text(encoding="utf-8").split("\n## Resume a run\n")[1].split("\n## ")[0]
    (sentence,) = [s for s in re.split(r"\.\s", section) if "bit-identical" in s]
    words = " ".join(sentence.split())
    assert "same number of threads" in words
    assert re.search(rf"except .*`{UNREPEATED}` in the log", words)


def test_more_steps_than_planned_are_noted_in_the_config(photos, tmp_path):
    run = train(tmp_path / "run", photos, 2)
    again = ganzoo.resume(run.path, steps=3)
    assert again.config.training.steps == 3
    assert "steps = 3 # from resuming" in (run.path / "config.toml").read_text()


def test_a_finished_run_says_how_to_train_on(photos, tmp_path):
    run = train(tmp_path / "run", photos, 2)
    with pytest.raises(
        ganzoo.UsageError, match="at step 2 of 2 already; steps=1002 continues the training"
    ):
        ganzoo.resume(run.path)


def test_a_log_cut_short_by_a_crash_is_mended(photos, tmp_path):
    through = train(tmp_path / "through", photos, 6)
    run = train(tmp_path / "run", photos, 4)
    with (run.path / "metrics.jsonl").open("a") as log:
        log.write('{"step": 5, "discr')
    ganzoo.resume(run.path, steps=6)
    assert_same(through, ganzoo.Run(run.path))


def test_a_run_that_died_before_its_first_checkpoint_starts_again(photos, tmp_path):
    through = train(tmp_path / "through", photos, 4)
    run = train(tmp_path / "run", photos, 4)
    for file in (run.path / "checkpoints" / "000004").iterdir():
        file.unlink()
    (run.path / "checkpoints" / "000004").rmdir()
    assert_same(through, ganzoo.resume(run.path))


def test_a_second_writer_is_refused(photos, tmp_path):
    run = train(tmp_path / "run", photos, 2)
    with FileLock(run.directory.lock), pytest.raises(ganzoo.UsageError, match="another process"):
        ganzoo.resume(run.path, steps=3)


def test_an_interrupt_in_the_middle_of_a_step_saves_no_half_step(photos, tmp_path):
    """The discriminator of step 2 is updated already, the generator is not."""

    class Breaks(ganzoo.Observer):
        def step(self, trainer, terms):
            trainer.generator_update.gradients = self.interrupted

        def interrupted(self, *inputs):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", photos, 4, observers=[Breaks()])
    assert ganzoo.Run(tmp_path / "run").steps == []


LONG = [
    "train", "--arch", "vanilla", "-o", "arch.width=8", "-o", "arch.depth=1", "--loss", "bce",
    "--size", "16", "--batch-size", "4", "--log-every", "50", "--checkpoint-every", "100",
    "--sample-every", "1000", "--sample-count", "2", "--device", "cpu", "--threads", "1",
]  # fmt: skip


def start(photos, run_dir: Path, steps: int) -> Started:
    data = ["--data", "image-folder", "-o", f"data.path={photos['path']}"]
    command = [*LONG, *data, "--steps", str(steps), "--run-dir", str(run_dir)]
    return start_ganzoo(command, run_dir.parent)


def wait_for_log(run_dir: Path, lines: int) -> None:
    deadline = time.time() + 120
    log = run_dir / "metrics.jsonl"
    while not log.exists() or len(log.read_text().splitlines()) < lines:
        assert time.time() < deadline, "no progress"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_stopped_by_a_signal_resumes_to_the_same_result(how, photos, tmp_path):
    process = start(photos, tmp_path / "run", 1_000_000)
    wait_for_log(tmp_path / "run", 5)
    process.send_signal(how)
    code, _, err = process.finish(timeout=60)
    run = ganzoo.Run(tmp_path / "run")
    assert "Traceback" not in err
    if how == signal.SIGKILL:
        assert run.steps[-1] % 100 == 0
    else:
        assert code == 130
        assert f"Stopped after step {run.steps[-1]}" in err
    end = run.steps[-1] + 130
    resumed = ganzoo.resume(run.path, steps=end)
    through = start(photos, tmp_path / "through", end)
    assert through.finish()[0] == 0
    first_state, second_state = (
        load_file(r.checkpoint / "ema.safetensors")
        for r in (resumed, ganzoo.Run(tmp_path / "through"))
    )
    assert all(torch.equal(first_state[key], second_state[key]) for key in first_state)
