"""Promises of a run with the InfoGAN loss: codes that images show, and that sampling draws."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo

README = Path(__file__).parents[1] / "README.md"

TINY = {"name": "vanilla", "width": 16, "depth": 1, "latent_dim": 16}
SETTINGS = {
    "data": "emoji",
    "size": 8,
    "batch_size": 8,
    "device": "cpu",
    "precision": "fp32",
    "sample_count": 4,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of four steps."""
    path = tmp_path_factory.mktemp("runs") / "whole"
    return ganzoo.train(arch=TINY, loss="infogan", steps=4, run_dir=path, **SETTINGS)


def test_codes_are_recovered_from_images_after_a_short_training(tmp_path):
    """Without the terms: 1 in 4 categories by chance, and none of a continuous code's variance."""
    run = ganzoo.train(
        arch={"name": "vanilla", "width": 64, "depth": 2, "latent_dim": 16, "batch_norm": False},
        loss={"name": "infogan", "categories": [4], "continuous": 1, "continuous_weight": 2.0},
        data={"name": "gaussians", "layout": "ring", "modes": 4, "std": 0.2, "count": 2000},
        batch_size=128,
        steps=300,
        discriminator_lr=1e-3,
        device="cpu",
        precision="fp32",
        run_dir=tmp_path / "run",
    )
    z = run.latent.sample(1000, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        predicted = run.discriminator(run.decode(z))["code"]
    hits = predicted[:, :4].argmax(1) == z[:, :4].argmax(1)
    assert hits.float().mean() > 0.9
    unexplained = (predicted[:, 4] - z[:, 4]).var() / z[:, 4].var()
    assert unexplained < 0.4


def test_sampling_draws_codes(run):
    seen = []
    run.generator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    run.sample(40)
    z = torch.cat(seen)
    assert z[:, :10].unique().tolist() == [0, 1]
    assert (z[:, :10].sum(1) == 1).all()
    assert z[:, 10:12].abs().max() <= 1
    assert z[:, 12:].abs().max() > 1


def test_a_resumed_run_is_equal_to_the_bit(run, tmp_path):
    """4 steps are 2 steps and 2 more."""
    path = tmp_path / "halves"
    ganzoo.train(arch=TINY, loss="infogan", steps=2, run_dir=path, **SETTINGS)
    resumed = ganzoo.resume(path, steps=4)
    assert repr(resumed.latent) == repr(run.latent)
    assert torch.equal(resumed.sample(4), run.sample(4))
    states = (each.discriminator.state_dict() for each in (resumed, run))
    for name, (value, expected) in zip(
        run.discriminator.state_dict(),
        zip(*(state.values() for state in states), strict=True),
        strict=True,
    ):
        assert torch.equal(value, expected), name


def test_an_export_holds_draws_with_codes(run, tmp_path):
    folder = ganzoo.export(run, "safetensors", out=tmp_path / "export")
    z = np.load(folder / "latents.npy")
    assert z.shape[1] == 16
    assert (z[:, :10].sum(1) == 1).all()
    assert set(np.unique(z[:, :10])) == {0, 1}
    assert "One-hot categorical codes" in (folder / "README.md").read_text(encoding="utf-8")


def test_the_readmes_program_draws_what_each_code_does(run, tmp_path, monkeypatch):
    program = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/infogan").symlink_to(run.path)
    names = {}
    exec(compile(program, "README.md", "exec"), names)  # our own program
    z = names["z"].view(10, 10, 16)
    assert (z[..., :10] == torch.eye(10)[:, None]).all()  # a category a row
    assert (z[0, :, 10].diff() > 0).all()  # the code grows from column to column
    assert (z[..., 11:] == z[0, 0, 11:]).all()  # of the same noise
    for name in ("categories.png", "continuous.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 80


def test_a_z_that_is_too_short_is_refused_before_a_run_is_made(tmp_path):
    with pytest.raises(ganzoo.UsageError, match=r"set `arch.latent_dim` to 13 or more"):
        ganzoo.train(
            arch=TINY | {"latent_dim": 12},
            loss="infogan",
            steps=1,
            run_dir=tmp_path / "run",
            **SETTINGS,
        )
    assert not (tmp_path / "run").exists()
