"""Promises of training on conditions other than classes: vectors and pictures."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from conditional_training import store, trainer, weights_after
from shared_training import Distance
from together import together
from toys import TinyDiscriminator, TinyGenerator, same, weights

import ganzoo
from ganzoo.training.step import StepInput

CLOSE = {"rtol": 1e-5, "atol": 1e-6}
SGD = {"optimizer": "sgd", "betas": (0.0, 0.9), "generator_lr": 0.05, "discriminator_lr": 0.05}


@pytest.fixture(params=["picture", "vector"])
def kind(request) -> str:
    return request.param


def test_training_on_two_processes_and_in_parts_is_training_on_the_joint_batch(kind):
    alone = weights_after(3, kind, SGD)
    first, second = together(2, weights_after, 3, kind, SGD | {"grad_accum_steps": 2})
    torch.testing.assert_close(first, alone, **CLOSE)
    assert all(same(a, b) for a, b in zip(first, second, strict=True)), "the processes part"


def test_a_resumed_training_is_the_same_to_the_bit(kind):
    straight, stopped, resumed = (trainer(kind) for _ in range(3))
    straight.fit(4)
    stopped.fit(2)
    resumed.load_state_dict(stopped.state_dict())
    resumed.fit(4)
    for network in ("generator", "discriminator", "ema"):
        assert same(weights(getattr(straight, network)), weights(getattr(resumed, network)))


def test_fakes_are_made_of_the_conditions_of_the_real_images_beside_them(kind):
    seen = []

    class Spy(Distance):
        def discriminator_loss(self, critic, real, fake):
            seen.append((real, fake, made.generator(fake.z, fake.labels)))
            return super().discriminator_loss(critic, real, fake)

    made = trainer(kind, loss=Spy())
    made.generator.body[2].p = 0.0
    made.fit(2)
    for real, fake, again in seen[:1]:  # before the generator's first update
        assert torch.equal(real.labels, fake.labels)
        torch.testing.assert_close(fake.images, again)
        if kind == "picture":  # flips included: one is the other's negative
            torch.testing.assert_close(real.images, -real.labels)
        else:
            torch.testing.assert_close(real.images.mean((1, 2, 3)), real.labels[:, 0])


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_an_image_can_be_learned_from_its_condition(kind, precision):
    """L1 to the real image falls: far for a picture, and for a brightness towards its noise."""

    class Copy(Distance):
        def generator_loss(self, critic, fake, real):
            return {"l1": F.l1_loss(fake.images, real.images)}

    settings = {"generator_lr": 5e-3, "optimizer": "adam", "precision": precision}
    made = trainer(kind, loss=Copy(), penalties={}, n_critic=1, batch_size=20, **settings)
    losses = [made.train_step()["generator/l1"].item() for _ in range(150)]
    assert losses[-1] < (0.8 if kind == "picture" else 0.97) * losses[0]


def test_the_inputs_of_a_captured_step_hold_conditions_of_their_own(kind):
    rng = torch.Generator().manual_seed(0)

    def inputs() -> StepInput:
        labels = torch.rand(4, *made.image.condition_shape, generator=rng)
        return StepInput(ganzoo.Batch(torch.rand(4, 1, 8, 8), labels), torch.rand(4, 8))

    made = trainer(kind)
    first, second = inputs(), inputs()
    fixed = first.clone()
    address = fixed.real.labels.data_ptr()
    assert torch.equal(fixed.real.labels, first.real.labels)
    fixed.copy_(second)
    assert torch.equal(fixed.real.labels, second.real.labels)
    assert fixed.real.labels.data_ptr() == address
    assert not torch.equal(first.real.labels, second.real.labels)


def test_pictures_have_the_memory_format_of_the_images():
    for on, layout in (("on", torch.channels_last), ("off", torch.contiguous_format)):
        data = ganzoo.ImageStore.from_dataset(
            [(torch.zeros(3, 8, 8, dtype=torch.uint8),) * 2 for _ in range(8)]
        )
        made = trainer("picture", channels_last=on)
        batch = made.execution.place_batch(data.batch(torch.arange(4)))
        assert batch.images.is_contiguous(memory_format=layout)
        assert batch.labels.is_contiguous(memory_format=layout)


# --- Sampling


def test_samples_take_the_conditions_of_training_images_in_turn(kind):
    made, data = trainer(kind), store(kind)
    kept = made.examples.labels
    images = made.sample(50)
    assert sorted(kept.flatten(1)[:, 0]) == sorted(
        data.batch(torch.arange(40)).labels.flatten(1)[:, 0]
    )
    chosen = kept[torch.arange(50) % 40]
    assert torch.equal(images, made.sample(50, labels=chosen))
    torch.testing.assert_close(images[:3], made.sample(3))
    assert not torch.equal(images, made.sample(50, labels=chosen.roll(1, 0)))


def test_one_condition_may_be_given_for_all(kind):
    made = trainer(kind)
    one = made.examples.labels[5]
    assert torch.equal(made.sample(3, labels=one), made.sample(3, labels=one.expand(3, *one.shape)))


WRONG = {
    "picture": [
        (3, r"labels must be floats of shape \(N, 1, 8, 8\) in \[-1, 1\], got 3"),
        (torch.zeros(4, 1, 8, 9), r"got torch.float32 of shape \(4, 1, 8, 9\) for 4 images"),
        (torch.zeros(3, 1, 8, 8), r"got torch.float32 of shape \(3, 1, 8, 8\) for 4 images"),
        (torch.zeros(4, 1, 8, 8, dtype=torch.uint8), r"got torch.uint8"),
        (torch.full((4, 1, 8, 8), 255.0), r"in \[-1, 1\]; these lie in \[255, 255\]"),
        (torch.full((4, 1, 8, 8), torch.nan), r"these lie in \[nan, nan\]"),
    ],
    "vector": [
        (3, r"labels must be floats of shape \(N, 2\), got 3"),
        (torch.zeros(4, 3), r"got torch.float32 of shape \(4, 3\) for 4 images"),
        (torch.zeros(4, dtype=torch.int64), r"got torch.int64 of shape \(4,\)"),
        (torch.full((4, 2), torch.inf), r"these lie in \[inf, inf\]"),
    ],
}


@pytest.mark.parametrize(
    ("kind", "labels", "message"),
    [(kind, *case) for kind, cases in WRONG.items() for case in cases],
)
def test_a_wrong_condition_says_what_is_wanted(kind, labels, message):
    with pytest.raises(ganzoo.UsageError, match=message):
        trainer(kind).sample(4, labels=labels)


def test_a_large_vector_is_none_of_our_business():
    assert trainer("vector").sample(2, labels=torch.full((2, 2), 1e3)).isfinite().all()


def test_a_generator_is_settled_with_the_conditions_that_are_kept(kind):
    drawn = []

    def settle(generator, draw):
        drawn.append(draw(100))

    made = trainer(kind, settles=[settle])
    made.sample(1)
    ((z, labels),) = drawn
    assert z.shape == (100, 8)
    kept = made.examples.labels.flatten(1)
    distances = torch.cdist(labels.flatten(1), kept)
    assert distances.amin(1).max() < 0.01  # cdist rounds
    assert len(distances.argmin(1).unique()) > 20  # of 40, at random


# --- Refusals


def test_unconditional_training_leaves_conditions_alone(kind):
    made = trainer(
        kind, conditional=False, generator=TinyGenerator(), discriminator=TinyDiscriminator()
    )
    made.fit(1)
    assert made.examples is None
    with pytest.raises(ganzoo.UsageError, match="trained without labels"):
        made.sample(1, labels=made.batches[0].labels[:1])


@pytest.mark.parametrize("output", [ganzoo.Output("classes"), ganzoo.Output(4, of="label")])
def test_a_loss_that_tells_classes_apart_is_refused_without_classes(kind, output):
    class OfClasses(Distance):
        def demands(self):
            return ganzoo.Demands(labels=True, outputs={"proxy": output})

    with pytest.raises(
        ganzoo.Unsupported, match=r"output 'proxy', which tells classes apart, .*have no classes"
    ):
        trainer(kind, loss=OfClasses())


def test_an_augmentation_beside_conditions_that_do_not_follow_it_is_warned_of(recwarn):
    trainer("vector", augment=torch.nn.Identity())
    assert not recwarn.list
    with pytest.warns(ganzoo.GanzooWarning, match="breaks the pair. Use transforms of colour"):
        trainer("picture", augment=torch.nn.Identity())
