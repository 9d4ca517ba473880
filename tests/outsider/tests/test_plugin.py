"""Promises of the package as a whole: the zoo finds it, and its animals play together."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

import ganzoo


def test_the_zoo_finds_all_of_them():
    assert "nocturne" in ganzoo.names("architecture")
    assert {"twilight", "compass", "mosaic"} <= set(ganzoo.names("loss"))
    assert "tide" in ganzoo.names("penalty")
    assert "clouds" in ganzoo.names("augmentation")
    assert "orbit" in ganzoo.names("constraint")
    assert "night-sky" in ganzoo.names("dataset")


def test_describing_them_imports_no_torch():
    code = "import sys, nocturne_gan.plugin, nocturne_gan.options; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "False\n"


@pytest.mark.parametrize("conditional", [False, True])
def test_they_train_together_and_can_be_sampled(tmp_path, monkeypatch, conditional):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    run = ganzoo.train(
        arch={"name": "nocturne", "width": 8, "blocks": 1, "latent_dim": 4},
        loss="twilight",
        data={"name": "night-sky", "count": 40, "size": 8},
        conditional=conditional,
        steps=3,
        batch_size=4,
        sample_count=8,
        device="cpu",
        run_dir=tmp_path / "run",
    )
    images = run.sample(5, seed=1, truncation=1.0)
    assert images.shape == (5, 3, 8, 8)
    terms = run.metrics()[-1]
    assert any("consistency" in name for name in terms)
    assert any("light" in name for name in terms)


@pytest.mark.parametrize("conditional", [False, True])
def test_all_of_them_train_together_and_a_resumed_run_is_the_same(
    tmp_path, monkeypatch, conditional
):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))

    def train(steps: int, folder: str) -> ganzoo.Run:
        return ganzoo.train(
            arch={"name": "nocturne", "width": 8, "blocks": 1, "latent_dim": 4, "patches": True},
            loss="mosaic",
            data={"name": "night-sky", "count": 40, "size": 16},
            penalty={"tide": {"interval": 1}},
            augment={"clouds": {"cover": "0.2 to 0.6 over 4 steps"}},
            constraint={"orbit": {"networks": "both"}},
            conditional=conditional,
            steps=steps,
            batch_size=4,
            sample_count=8,
            log_every=1,
            device="cpu",
            run_dir=tmp_path / folder,
        )

    whole, parted = train(4, "whole"), ganzoo.resume(train(2, "parted").path, steps=4)
    covers = [line["augment/clouds/cover"] for line in parted.metrics()]
    assert covers == pytest.approx([0.2, 0.3, 0.4, 0.5])
    assert torch.equal(whole.sample(5), parted.sample(5))
    for ours, theirs in zip(
        whole.discriminator.parameters(), parted.discriminator.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)
