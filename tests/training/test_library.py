"""Promises to those who use `ganzoo.Trainer` as a library: what it takes, and what it says."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from toys import LogisticLoss, TinyDiscriminator, TinyGenerator, make_store, same, weights

import ganzoo
from ganzoo.errors import out_of_memory

PIXELS = torch.randint(0, 256, (50, 1, 8, 8), generator=torch.Generator().manual_seed(0)).byte()
LABELS = torch.arange(50) % 3


# --- Data


@pytest.mark.filterwarnings("ignore:data is a DataLoader")
@pytest.mark.parametrize(
    "data",
    [
        list(PIXELS),
        PIXELS,
        PIXELS / 127.5 - 1,
        TensorDataset(PIXELS.double() / 127.5 - 1),
        DataLoader(TensorDataset(PIXELS), batch_size=7),
    ],
    ids=["list", "tensor", "floats", "dataset", "loader"],
)
def test_data_in_any_form_trains_as_the_store_of_it_does(make_trainer, data):
    expected = make_trainer(data=ganzoo.ImageStore.from_dataset(list(PIXELS)))
    trainer = make_trainer(data=data)
    for one in (expected, trainer):
        one.fit(2)
    assert same(weights(trainer.generator), weights(expected.generator))


def test_labelled_data_trains_conditionally(make_trainer):
    trainer = make_trainer(classes=3, conditional=True, data=(PIXELS, LABELS))
    trainer.fit(2)
    assert trainer.sample(6, labels=2).shape == (6, 1, 8, 8)


def test_data_that_is_no_set_of_images_is_refused_before_training(make_trainer):
    with pytest.raises(ganzoo.UsageError, match="by name is trained with ganzoo.train"):
        make_trainer(data="fashion-mnist")


# --- Components by name


def test_components_by_name_and_as_dicts_are_those_that_create_makes(make_trainer):
    by_name = make_trainer(
        loss={"name": "lsgan", "a": -1, "c": 0},
        penalties={"r1": {"weight": 0.5, "interval": 2}},
        augment="diffaugment",
    )
    by_hand = make_trainer(
        loss=ganzoo.create("loss", "lsgan", a=-1, c=0),
        penalties={"r1": ganzoo.create("penalty", "r1", weight=0.5, interval=2)},
        augment={"diffaugment": ganzoo.create("augmentation", "diffaugment")},
    )
    for trainer in (by_name, by_hand):
        trainer.fit(3)
    assert same(weights(by_name.generator), weights(by_hand.generator))
    assert same(weights(by_name.discriminator), weights(by_hand.discriminator))


@pytest.mark.parametrize(
    "penalties", ["r1", ["r1"], ("r1", "r2"), {"r1": {}}, {"r1": {"weight": 1}}]
)
def test_penalties_are_chosen_by_name_names_or_options(make_trainer, penalties):
    terms = make_trainer(loss="hinge", penalties=penalties).train_step()
    names = {name.split("/")[1] for name in terms} & {"r1", "r2"}
    assert names == ({"r1", "r2"} if len(penalties) == 2 and penalties != "r1" else {"r1"})


def test_a_loss_by_name_brings_its_penalty_and_its_settings(make_trainer):
    trainer = make_trainer(loss="wgan-gp")
    assert "discriminator/gradient-penalty" in trainer.train_step()
    assert trainer.training.discriminator_lr == 4e-4
    assert trainer.training.betas == (0.0, 0.9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"loss": "hing"}, "no loss named 'hing'. Did you mean 'hinge'"),
        ({"loss": {"weight": 1}}, "the dict of a loss must have its name"),
        ({"loss": 3}, 'must be a ganzoo.Loss or a name like "hinge"; got int'),
        ({"penalties": {"r1": {"wait": 1}}}, "'penalty.r1.wait'"),
        ({"penalties": {"r1": {"weight": -1}}}, "'penalty.r1.weight' is -1"),
        ({"penalties": "r9"}, "no penalty named 'r9'"),
        ({"latent": "normal"}, "latent must be the length of z, like 64, .*; got 'normal'"),
        ({"latent": 0}, "latent_dim must be at least 1, got 0"),
        ({"latent": True}, "got True"),
        ({"generator": TinyGenerator}, r"got the class TinyGenerator: make one, generator=TinyGen"),
        ({"discriminator": "dcgan"}, r"must be a torch.nn.Module; got 'dcgan'.*train\(arch=…\)"),
        ({"log_every": 5}, "'log_every' cannot be set here: it is for ganzoo.train"),
        ({"size": 32}, "'size' cannot be set here"),
    ],
)
def test_a_wrong_argument_is_one_sentence(make_trainer, arguments, words):
    with pytest.raises(ganzoo.UsageError, match=words):
        make_trainer(**arguments)


def test_numpy_numbers_are_lengths_of_z(make_trainer):
    assert make_trainer(latent=torch.tensor(8).numpy()[()]).latent.latent_dim == 8


# --- Networks that do not fit


class Flat(nn.Module):
    """Takes images of 8 by 8 alone, as a linear layer does."""

    def __init__(self):
        super().__init__()
        self.score = nn.Linear(64, 1)

    def forward(self, images):
        return self.score(images.flatten(1))[:, 0]


class Tuple(TinyDiscriminator):
    def forward(self, images, labels=None):
        return super().forward(images), images


class Pair(TinyGenerator):
    def forward(self, z, labels=None):
        return super().forward(z), z


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {
                "discriminator": Flat(),
                "data": make_store(size=16),
                "generator": TinyGenerator(size=16),
            },
            r"the discriminator does not take images of 1x16x16: (addmm: )?mat1 and mat2 .*"
            r"\(2x256 and",
        ),
        (
            {"data": make_store(size=16)},
            r"makes images of shape \(2, 1, 8, 8\) of 2 z, and the data has images of 1x16x16: .* "
            r"data=ganzoo.ImageStore.from_dataset\(…, size=…\)",
        ),
        (
            {"latent": 5},
            r"the generator does not take z of shape \(2, 5\): (addmm: )?mat1 and mat2",
        ),
        ({"generator": Pair()}, "the generator returns a tuple"),
        ({"discriminator": Tuple()}, "the discriminator returned a tuple"),
        (
            {"discriminator": Flat(), "data": (PIXELS, LABELS), "conditional": True},
            r"take images of 1x8x8, 3 classes beside labels, for training is conditional: ",
        ),
        (
            {"generator": TinyGenerator().double()},
            "the discriminator does not take images of 1x8x8",
        ),
    ],
)
def test_networks_that_do_not_fit_are_refused_when_the_trainer_is_made(
    make_trainer, arguments, words
):
    with pytest.raises((ganzoo.Unsupported, ganzoo.PluginError), match=words):
        make_trainer(**arguments)


class Greedy(TinyGenerator):
    def forward(self, z, labels=None):
        return torch.empty(2**55)


def test_a_trial_without_memory_is_no_fault_of_the_networks(make_trainer):
    with pytest.raises(RuntimeError, match="allocate") as error:  # Unsupported is none
        make_trainer(generator=Greedy())
    assert out_of_memory(error.value).startswith("out of memory (")


def test_the_trial_changes_neither_networks_nor_random_numbers():
    generator, discriminator = TinyGenerator(), TinyDiscriminator(norm=nn.BatchNorm2d)
    before = [weights(network) for network in (generator, discriminator)]
    state = torch.get_rng_state()
    trainer = ganzoo.Trainer(
        generator=generator,
        discriminator=discriminator,
        loss=LogisticLoss(),
        data=make_store(),
        latent=8,
        device="cpu",
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert same(before[0], weights(trainer.generator))
    assert same(before[1], weights(trainer.discriminator))
    assert trainer.generator.training


# --- Sampling


def test_live_samples_are_those_of_the_latest_weights(make_trainer):
    trainer = make_trainer(ema_decay=0.9, ema_start=0)
    trainer.fit(5)
    latest = copy.deepcopy(trainer.generator).eval()
    z = torch.randn(5, 8)
    with torch.no_grad():
        torch.testing.assert_close(trainer.decode(z, live=True), latest(z), rtol=0, atol=1e-6)
        averaged = trainer.ema.module(z)
    torch.testing.assert_close(trainer.decode(z), averaged, rtol=0, atol=1e-6)
    assert not torch.allclose(averaged, latest(z), atol=1e-4)
    assert not torch.equal(trainer.sample(3, live=True), trainer.sample(3))


def test_live_sampling_does_not_change_the_training(make_trainer):
    """A batch norm that its author keeps in evaluation mode stays there."""
    trainers = [make_trainer() for _ in range(2)]
    for trainer in trainers:
        trainer.fit(1)
        trainer.generator.body[1].eval()
    trainers[0].sample(4, live=True)
    trainers[0].decode(torch.zeros(2, 8), live=True)
    for trainer in trainers:
        trainer.fit(3)
    assert same(weights(trainers[0].generator), weights(trainers[1].generator))


def test_the_loss_of_a_stranger_is_named_in_its_own_words(make_trainer):
    class Scalar(LogisticLoss):
        def generator_loss(self, critic, fake, real):
            return -critic(fake).mean()

    with pytest.raises(
        ganzoo.PluginError, match="Scalar .* returned a tensor .* must return a dict"
    ):
        make_trainer(loss=Scalar()).train_step()
