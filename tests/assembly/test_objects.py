"""`ganzoo.train` takes names: an object of one's own is pointed to `ganzoo.Trainer`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import ganzoo


def penalty():
    return ganzoo.create("penalty", "r1")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("arch", lambda: nn.Linear(2, 2)),
        ("arch", lambda: nn.Linear),
        ("loss", lambda: ganzoo.create("loss", "hinge")),
        ("data", lambda: [torch.zeros(1, 8, 8)]),
        ("data", lambda: torch.zeros(4, 1, 8, 8)),
        ("penalty", penalty),
        ("penalty", lambda: [penalty()]),
        ("penalty", lambda: {"r1": penalty()}),
        ("augment", lambda: lambda images: images),
        ("generator", lambda: nn.Linear(2, 2)),
    ],
)
def test_an_object_in_the_place_of_a_name_points_to_the_trainer(name, make, tmp_path):
    arguments = {"arch": "vanilla", "loss": "bce"} | {name: make()}
    with pytest.raises(ganzoo.UsageError, match=rf"^{name}=.*trained by ganzoo.Trainer\("):
        ganzoo.train(**arguments, steps=1, run_dir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", [ganzoo.History, print, None])
def test_what_would_not_observe_is_refused(wrong, tmp_path):
    with pytest.raises(ganzoo.UsageError, match="observers should be objects of ganzoo.Observer"):
        ganzoo.train(
            arch="vanilla", loss="bce", steps=1, observers=[wrong], run_dir=tmp_path / "run"
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("penalty", [[{"name": "r1"}], {"r1": 2.0}, {"name": "r1", "weight": 2}])
def test_options_of_a_penalty_stand_below_its_name(penalty, tmp_path):
    with pytest.raises(ganzoo.UsageError, match=r"a name, or names, or {NAME: {OPTION: VALUE}}"):
        ganzoo.train(arch="vanilla", loss="bce", penalty=penalty, run_dir=tmp_path / "run")


@pytest.mark.parametrize("options", [["arch.width=8"], "arch.width=8", {1: 2}])
def test_options_are_by_dotted_key(options, tmp_path):
    with pytest.raises(ganzoo.UsageError, match="options are by dotted key"):
        ganzoo.train(arch="vanilla", loss="bce", options=options, run_dir=tmp_path / "run")


@pytest.mark.parametrize("config", [5, ["a.toml"], ganzoo.TrainingConfig(steps=1)])
def test_a_config_is_a_file_sections_or_a_whole_one(config, tmp_path):
    with pytest.raises(ganzoo.UsageError, match="config should be a TOML file, a dict of sections"):
        ganzoo.train(config, arch="vanilla", loss="bce", run_dir=tmp_path / "run")
