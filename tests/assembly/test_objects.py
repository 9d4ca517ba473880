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
