"""Promises of runs with a time budget, and of samples that are more frequent at the beginning."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from toys import SMALL

import ganzoo
from ganzoo.config import Layer
from ganzoo.config.schema import MOST_STEPS, LoggingConfig
from ganzoo.run.plan import compose

SECOND = 1 / 60
"""In minutes."""

SETTINGS = {
    "arch": SMALL["vanilla"],
    "loss": "bce",
    "size": 16,
    "batch_size": 4,
    "sample_count": 3,
    "checkpoint_every": 10,
    "device": "cpu",
}


def train(run_dir: Path, data, **settings) -> ganzoo.Run:
    return ganzoo.train(run_dir=run_dir, data=data, **SETTINGS | settings)


class Killed(BaseException):
    """Ends training as SIGKILL does: the journal is cut off after it."""


def killed_after(seconds: float, run_dir: Path, data, **settings) -> ganzoo.Run:
    """A run that died after so many seconds of training, without a word in its journal."""

    class Kills(ganzoo.Observer):
        def started(self, trainer, steps):
            self.end = time.perf_counter() + seconds

        def step(self, trainer, terms):
            time.sleep(0.01)
            if time.perf_counter() > self.end:
                raise Killed

    with pytest.raises(Killed):
        train(run_dir, data, observers=[Kills()], **settings)
    run = ganzoo.Run(run_dir)
    lines = run.directory.journal.read_text().splitlines(keepends=True)
    run.directory.journal.write_text("".join(line for line in lines if '"failed"' not in line))
    return run


def weights(run: ganzoo.Run) -> dict[str, torch.Tensor]:
    return {
        f"{name}/{key}": value
        for name in ("generator", "discriminator", "ema")
        for key, value in load_file(run.checkpoint / f"{name}.safetensors").items()
    }


@pytest.fixture(scope="module")
def timed(tmp_path_factory, photos) -> ganzoo.Run:
    """A run of one second."""
    return train(tmp_path_factory.mktemp("runs") / "timed", photos, minutes=SECOND)


def test_a_budget_ends_as_a_finished_run_does(timed):
    last = timed.steps[-1]
    finished = timed.events()[-1]
    assert timed.state == "finished"
    assert finished["step"] == last
    assert 1 <= 60 * finished["minutes"] < 30
    assert (timed.directory.samples / f"{last:06d}.png").exists()
    assert finished["message"] == f"{SECOND:g} minutes: config.toml now says {last} steps"


def test_its_config_repeats_it_to_the_bit(timed, tmp_path):
    training = timed.config.training
    assert (training.steps, training.minutes) == (timed.steps[-1], None)
    assert f"steps = {timed.steps[-1]} # from {SECOND:g} minutes" in (
        timed.directory.config.read_text()
    )
    again = ganzoo.train(timed.directory.config, run_dir=tmp_path / "again")
    assert again.steps == timed.steps
    first, second = weights(timed), weights(again)
    assert all(torch.equal(first[name], second[name]) for name in first | second)


def test_a_finished_one_is_trained_on_by_steps(timed, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(timed.path, copy)
    last = timed.steps[-1]
    with pytest.raises(ganzoo.UsageError, match=f"at step {last} of {last} already; steps="):
        ganzoo.resume(copy)
    assert ganzoo.resume(copy, steps=last + 3).steps[-1] == last + 3


def test_resume_auto_returns_a_finished_one_as_it_is(timed, photos, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(timed.path, copy)
    again = train(copy, photos, minutes=SECOND, resume="auto")
    assert again.steps == timed.steps
    assert [event["event"] for event in again.events()].count("resumed") == 0


def test_a_killed_run_resumes_with_the_rest_of_its_minutes(photos, tmp_path):
    run = killed_after(1.5, tmp_path / "run", photos, minutes=3 * SECOND)
    saved = run.steps[-1]
    spent = [e["minutes"] for e in run.events() if e["event"] == "checkpoint"][-1]
    assert run.state == "killed"
    assert 0 < 60 * spent <= 1.6

    resumed = ganzoo.resume(run.path)
    events = resumed.events()
    finished = events[-1]
    assert finished["event"] == "finished"
    assert finished["step"] > saved
    started = next(e for e in events if e["event"] == "resumed")
    seconds = 60 * (finished["minutes"] - spent)
    assert 3 - 60 * spent - 0.01 <= seconds < 3  # not three seconds anew
    assert finished["step"] == resumed.config.training.steps
    assert started["step"] == saved


def test_a_crash_before_the_config_was_written_is_mended(timed, photos, tmp_path):
    """The journal says that the budget is used, the config does not say the steps yet."""
    copy = tmp_path / "copy"
    shutil.copytree(timed.path, copy)
    config = copy / "config.toml"
    last = timed.steps[-1]
    text = config.read_text().replace(f"steps = {last} #", f"steps = {MOST_STEPS} #")
    config.write_text(text.replace("[training]\n", f"[training]\nminutes = {SECOND}\n"))
    with pytest.raises(ganzoo.UsageError, match=f"at step {last} of {last} already"):
        ganzoo.resume(copy)
    assert ganzoo.Run(copy).config.training.steps == last
    assert ganzoo.resume(copy, steps=last + 1).steps[-1] == last + 1


def composed(*layers: dict[str, object]):
    base = {"arch": SMALL["vanilla"], "loss": "bce", "data": "emoji", "image": {"size": 16}}
    trees = [*({"training": tree} for tree in layers), base]
    return compose([Layer(f"layer {k}", tree) for k, tree in enumerate(trees)]).config.training


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([{"minutes": 5}], (MOST_STEPS, 5)),
        ([{"minutes": 5}, {"steps": 70}], (MOST_STEPS, 5)),
        ([{"minutes": 5}, {"kimg": 64}], (MOST_STEPS, 5)),
        ([{"minutes": 5, "steps": 70}], (70, 5)),
        ([{"minutes": 5, "kimg": 64, "batch_size": 64}], (1000, 5)),
        ([{"minutes": 5, "kimg": 64, "batch_size": 64}, {"steps": 70}], (1000, 5)),
        ([{"steps": 70}, {"minutes": 5}], (70, 5)),
        ([{"steps": 70}], (70, None)),
    ],
)
def test_minutes_replace_a_weaker_length_and_bound_others(layers, expected):
    training = composed(*layers)
    assert (training.steps, training.minutes) == expected
    assert training.kimg is None


@pytest.mark.parametrize("units", [("steps", "kimg"), ("kimg", "epochs"), ("steps", "epochs")])
def test_a_layer_says_the_length_in_one_way(units):
    first, second = units
    with pytest.raises(ganzoo.UsageError, match=f"in one way: {first}=1.* or {second}=2"):
        composed({first: 1, second: 2})
    assert composed({first: 1}, {second: 2}) == composed({first: 1})  # a stronger layer wins


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "3,000 steps"),
        ({"minutes": 2.5, "steps": MOST_STEPS}, "2.5 minutes"),
        ({"minutes": 5, "steps": 70}, "70 steps or 5 minutes"),
    ],
)
def test_the_length_in_words(settings, text):
    assert ganzoo.TrainingConfig(**settings).length == text


def test_samples_are_more_frequent_at_the_beginning():
    due = [step for step in range(1, 801) if LoggingConfig().samples_at(step)]
    assert due == [1, 2, 5, 10, 20, 50, 100, 200, 400, 600, 800]


def test_an_interval_of_samples_is_kept_from_the_first_step():
    due = [step for step in range(1, 13) if LoggingConfig(sample_every=4).samples_at(step)]
    assert due == [4, 8, 12]


def test_a_resumed_run_writes_the_samples_of_one_that_was_not_stopped(photos, tmp_path):
    through, stopped = tmp_path / "through", tmp_path / "stopped"
    train(through, photos, steps=12)
    train(stopped, photos, steps=3)
    ganzoo.resume(stopped, steps=12)
    pictures = {path.name: path.read_bytes() for path in (through / "samples").iterdir()}
    assert sorted(pictures) == [f"{step:06d}.png" for step in (0, 1, 2, 5, 10, 12)]
    for name, content in pictures.items():
        assert (stopped / "samples" / name).read_bytes() == content, name
