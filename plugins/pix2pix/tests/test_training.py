"""It learns to colour, and stays itself however it is computed."""

from __future__ import annotations

import warnings

import pytest
import torch
from ganzoo_pix2pix.architecture import Pix2Pix
from ganzoo_pix2pix.options import Pix2PixOptions

import ganzoo
from ganzoo.execution.compile import Compiled


def trainer(data: ganzoo.ImageStore, *, base_channels: int, **settings) -> ganzoo.Trainer:
    torch.manual_seed(0)
    options = Pix2PixOptions(base_channels=base_channels, patch=34)
    networks = Pix2Pix(options).build(data.spec, ganzoo.Demands(labels=True))
    return ganzoo.Trainer(
        generator=networks.generator,
        discriminator=networks.discriminator,
        loss="pix2pix",
        latent=1,
        data=data,
        conditional=True,
        device="cpu",
        precision="fp32",
        **settings,
    )


@pytest.fixture(scope="module")
def people() -> tuple[ganzoo.ImageStore, ganzoo.ImageStore]:
    """Faces and people, in colour and in grey; every eighth is held out."""
    emoji = ganzoo.create("dataset", "emoji").open()
    wanted = {emoji.class_names.index(name) for name in ("People & Body", "Smileys & Emotion")}
    grey = ganzoo.create("dataset", "emoji", condition="grey").open()
    pairs = [grey.images[k] for k, (_, label) in enumerate(emoji.images) if label in wanted]
    held_out = pairs[::8]
    del pairs[::8]
    return tuple(ganzoo.ImageStore.from_dataset(some) for some in (pairs, held_out))


@pytest.mark.slow
def test_faces_that_it_has_not_seen_are_coloured_better_than_grey_ones(people):
    """Mean distance to the truth; most of a picture is white, which no colouring can improve."""
    shown, held_out = people
    truth = held_out.batch(torch.arange(len(held_out)))
    made = trainer(
        shown,
        base_channels=8,
        batch_size=16,
        horizontal_flip=True,
        generator_lr=2e-3,
        discriminator_lr=2e-3,
        ema_decay=0.98,
    )
    made.fit(300)
    coloured = made.sample(len(held_out), labels=truth.labels)
    grey = truth.labels.expand_as(truth.images)
    distances = [(image - truth.images).abs().mean().item() for image in (coloured, grey)]
    assert distances[0] < 0.88 * distances[1], distances

    # Of their own picture, not of any: with another's they are far away.
    strangers = made.sample(len(held_out), labels=truth.labels.roll(1, 0))
    assert (strangers - truth.images).abs().mean() > 2 * distances[0]


def test_in_micro_batches_it_drops_out_what_it_would_in_the_whole_batch(people):
    """Terms of three steps; reused fakes would be made once, and so with one dropout."""
    settings = {
        "optimizer": "sgd",
        "betas": (0.0, 0.9),
        "generator_lr": 0.01,
        "discriminator_lr": 0.01,
        "batch_size": 4,
        "base_channels": 4,
        "reuse_fakes": False,
        "horizontal_flip": True,
    }
    whole, parts = (trainer(people[0], **settings, grad_accum_steps=n) for n in (1, 2))
    for _ in range(3):
        torch.testing.assert_close(parts.train_step(), whole.train_step(), rtol=1e-4, atol=1e-5)


def test_a_resumed_training_is_the_same_to_the_bit(people):
    straight, stopped, resumed = (
        trainer(people[0], base_channels=4, batch_size=4, horizontal_flip=True) for _ in range(3)
    )
    straight.fit(4)
    stopped.fit(2)
    resumed.load_state_dict(stopped.state_dict())
    resumed.fit(4)
    for name, value in straight.generator.state_dict().items():
        assert torch.equal(value, resumed.generator.state_dict()[name]), name


@pytest.mark.slow
def test_it_is_trained_as_well_if_it_is_compiled(people):
    """`aot_eager` traces as inductor does, without its code."""
    settings = {"optimizer": "sgd", "generator_lr": 0.01, "discriminator_lr": 0.01}
    plain, compiled = (
        trainer(people[0], base_channels=4, batch_size=4, **settings) for _ in range(2)
    )
    torch._dynamo.reset()
    for update in (compiled.discriminator_update, compiled.generator_update):
        update.gradients.compute = Compiled(update.objective, "aot_eager")
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.filterwarnings("error", ".*Training without")
            terms = compiled.train_step()
        torch.testing.assert_close(terms, plain.train_step(), rtol=1e-3, atol=1e-5)
