"""Promises of resuming with other settings: refused with the differences, or allowed by name."""

from __future__ import annotations

import json
import re

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import ganzoo
from ganzoo.files import temporary_for

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 200},
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 2,
    "device": "cpu",
}


def train(run_dir, **settings) -> ganzoo.Run:
    return ganzoo.train(run_dir=run_dir, **(TINY | {"steps": 4} | settings))


def edit(run: ganzoo.Run, before: str, after: str) -> None:
    text = run.directory.config.read_text()
    assert before in text
    run.directory.config.write_text(text.replace(before, after))


def weights(run: ganzoo.Run) -> dict[str, torch.Tensor]:
    return load_file(run.checkpoint / "ema.safetensors")


def test_a_config_edited_in_between_is_refused_with_every_difference(tmp_path):
    run = train(tmp_path / "run")
    edit(run, "batch_size = 4", "batch_size = 8")
    edit(run, "steps = 4", "steps = 9")
    with pytest.raises(ganzoo.UsageError) as error:
        ganzoo.resume(run.path)
    assert "training.batch_size: 4 before, 8 now" in str(error.value)
    assert "training.steps: 4 before, 9 now" in str(error.value)
    assert "A change of training.batch_size makes another run" in str(error.value)
    with pytest.raises(ganzoo.UsageError, match="makes another run"):
        ganzoo.resume(run.path, override=True)
    assert run.steps == [4]


def test_an_option_that_the_plugin_has_gained_since_has_its_default_with_a_warning(tmp_path):
    run, whole = train(tmp_path / "run"), train(tmp_path / "whole", steps=6)
    config = run.directory.config
    lines = [line for line in config.read_text().splitlines() if not line.startswith("std = ")]
    config.write_text("\n".join(lines))
    journal = run.directory.journal
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    for event in events:
        event.get("config", {}).get("data", {}).pop("std", None)
    journal.write_text("".join(json.dumps(event) + "\n" for event in events))
    with pytest.warns(ganzoo.GanzooWarning, match=r"new since the run began.*: data.std=0\.\d+"):
        again = ganzoo.resume(run.path, steps=6)
    assert all(torch.equal(value, weights(whole)[key]) for key, value in weights(again).items())


@pytest.mark.parametrize("facts", ["", ', "config": {"arch": 3}', ', "provenance": 3'])
def test_a_beginning_without_facts_resumes_with_the_config_file_and_a_warning(tmp_path, facts):
    run = train(tmp_path / "run")
    run.directory.journal.write_text('{"event": "started"' + facts + "}\n")
    with pytest.warns(ganzoo.GanzooWarning, match="Whether settings or images have changed"):
        again = ganzoo.resume(run.path, steps=6)
    assert again.steps == [4, 6]
    assert again.events()[-1]["event"] == "finished"


def test_meaningful_changes_are_allowed_by_override_and_noted(tmp_path):
    run = train(tmp_path / "run")
    edit(run, "steps = 4", "steps = 6")
    edit(run, "log_every = 2", "log_every = 3")
    with pytest.raises(ganzoo.UsageError, match="override=True resumes with these changes"):
        ganzoo.resume(run.path)
    again = ganzoo.resume(run.path, override=True)
    assert [line["step"] for line in again.metrics()] == [2, 4, 6]
    assert again.events()[-3]["config"]["logging"]["log_every"] == 3
    with pytest.raises(ganzoo.UsageError, match="at step 6 of 6 already"):
        ganzoo.resume(run.path)  # the new settings are the run's now


def test_options_of_resume_need_an_override_and_the_number_of_steps_does_not(tmp_path):
    run = train(tmp_path / "run")
    with pytest.raises(ganzoo.UsageError, match=r"training.generator_lr: 0.0005 before, 0.01 now"):
        ganzoo.resume(run.path, steps=6, options={"training.generator_lr": 0.01})
    ganzoo.resume(run.path, steps=6, options={"training.generator_lr": 0.01}, override=True)
    text = run.directory.config.read_text()
    assert "generator_lr = 0.01 # from resuming" in text
    assert "batch_size = 4 # from arguments" in text  # what did not change keeps its origin


def test_another_learning_rate_is_really_used(tmp_path):
    same, other = train(tmp_path / "same"), train(tmp_path / "other")
    before = weights(same)
    same = ganzoo.resume(same.path, steps=5)
    tiny = {"training.generator_lr": 1e-12}
    other = ganzoo.resume(other.path, steps=5, options=tiny, override=True)

    def moved(run):
        now = load_file(run.checkpoint / "generator.safetensors")
        then = load_file(run.directory.checkpoint(4) / "generator.safetensors")
        return max(float((now[k] - then[k]).abs().max()) for k in now if k.endswith("weight"))

    assert moved(same) > 1e-5
    assert moved(other) < 1e-9
    assert before.keys() == weights(other).keys()


def test_auto_starts_then_resumes_then_has_nothing_to_do(tmp_path):
    through = train(tmp_path / "through", steps=6, checkpoint_every=2)

    class Stop(ganzoo.Observer):
        def step(self, trainer, terms):
            if trainer.step == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", steps=6, checkpoint_every=2, resume="auto", observers=[Stop()])
    assert ganzoo.Run(tmp_path / "run").state == "stopped"
    for _ in range(2):
        run = train(tmp_path / "run", steps=6, checkpoint_every=2, resume="auto")
        assert [e["event"] for e in run.events() if e["event"] != "checkpoint"] == [
            "started", "stopped", "resumed", "finished",
        ]  # fmt: skip
    assert all(torch.equal(v, weights(run)[k]) for k, v in weights(through).items())


def test_auto_refuses_other_settings_and_never_starts_over(tmp_path):
    train(tmp_path / "run")
    with pytest.raises(ganzoo.UsageError, match="loss.name: bce before, lsgan now"):
        train(tmp_path / "run", loss="lsgan", resume="auto", override=True)
    with pytest.raises(ganzoo.UsageError, match="training.steps: 4 before, 8 now"):
        train(tmp_path / "run", steps=8, resume="auto")
    assert train(tmp_path / "run", steps=8, resume="auto", override=True).steps == [4, 8]


def test_auto_needs_a_run_directory(tmp_path):
    with pytest.raises(ganzoo.UsageError, match="needs a run directory: run_dir=DIR"):
        ganzoo.train(resume="auto", **TINY)


@pytest.mark.parametrize("name", ["run.lock", "config.toml"])
def test_a_run_killed_before_its_config_was_written_starts_anew(tmp_path, name):
    (tmp_path / "run").mkdir()
    left = tmp_path / "run" / name
    (temporary_for(left) if name == "config.toml" else left).write_text("")
    assert train(tmp_path / "run", resume="auto").steps == [4]


def test_changed_images_are_refused_and_may_be_allowed(tmp_path):
    (tmp_path / "photos").mkdir()
    for k in range(6):
        Image.new("RGB", (16, 16), (k * 40, 9, 9)).save(tmp_path / "photos" / f"{k}.png")
    data = {"name": "image-folder", "path": str(tmp_path / "photos")}
    run = train(tmp_path / "run", data=data)
    Image.new("RGB", (16, 16), "blue").save(tmp_path / "photos" / "new.png")
    with pytest.raises(ganzoo.UsageError, match=re.escape("dataset: ")):
        ganzoo.resume(run.path, steps=6)
    assert ganzoo.resume(run.path, steps=6, override=True).steps == [4, 6]


def test_a_run_without_a_journal_resumes(tmp_path):
    run = train(tmp_path / "run")
    run.directory.journal.unlink()
    assert ganzoo.resume(run.path, steps=6).steps == [4, 6]


@pytest.mark.parametrize("resume", [True, "Auto", None])
def test_resume_is_never_or_auto(tmp_path, resume):
    with pytest.raises(ganzoo.UsageError, match="should be 'never' or 'auto'"):
        train(tmp_path / "run", resume=resume)
    assert not (tmp_path / "run").exists()


def test_a_setting_can_be_unset(tmp_path):
    run = train(tmp_path / "run", keep=1, checkpoint_every=2)
    again = ganzoo.resume(run.path, steps=8, options={"logging.keep": None}, override=True)
    assert again.steps == [4, 6, 8]
    assert again.config.logging.keep is None


def test_names_of_observers_are_refused_where_objects_are_taken(tmp_path):
    run = train(tmp_path / "run")
    with pytest.raises(ganzoo.UsageError, match="objects of ganzoo.Observer, and 'csv' is none"):
        ganzoo.resume(run.path, steps=6, observers=["csv"])
