"""Promises of CR and bCR: what is compared, and that it costs one pass each."""

from __future__ import annotations

import warnings

import pytest
import torch
from ganzoo_consistency.options import BalancedConsistencyOptions, ConsistencyOptions
from ganzoo_consistency.penalties import BalancedConsistency, Consistency
from ganzoo_consistency.transform import FlipShift
from torch import nn

import ganzoo
from ganzoo import Batch, Fakes, Progress

LABELS = torch.arange(6) % 3


def batch(seed=0):
    rng = torch.Generator().manual_seed(seed)
    return Batch(torch.rand(6, 3, 16, 16, generator=rng) * 2 - 1, LABELS)


def fakes():
    images = batch(1).images
    return Fakes(images, LABELS, z=torch.zeros(6, 2), generate=lambda z, labels: images)


class Spy:
    """A critic that keeps what it scores, with a score that changes with every flip and shift."""

    def __init__(self):
        self.seen = []
        self.scores = []

    def __call__(self, batch):
        weight = torch.linspace(-1, 1, batch.images[0].numel()).pow(3)
        self.seen.append(batch)
        self.scores.append(batch.images.flatten(1) @ weight)
        return self.scores[-1]


def mean_square(first, second):
    pairs = zip(first.double().tolist(), second.double().tolist(), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) / len(first)


def test_cr_compares_each_real_image_with_a_flip_and_shift_of_itself():
    spy, real = Spy(), batch()
    torch.manual_seed(0)
    transformed = FlipShift()(real.images)
    torch.manual_seed(0)
    value = Consistency().penalty(spy, real, fakes())
    assert [b.labels is LABELS for b in spy.seen] == [True, True]
    assert spy.seen[0] is real
    assert torch.equal(spy.seen[1].images, transformed)
    assert value.item() == pytest.approx(mean_square(*spy.scores), rel=1e-5)
    assert value > 0.01


@pytest.mark.parametrize("fake_weight", [0.0, 1.0, 2.5])
def test_bcr_does_so_with_fakes_too_and_weighs_them(fake_weight):
    torch.manual_seed(0)
    spy, real, fake = Spy(), batch(), fakes()
    options = BalancedConsistencyOptions(fake_weight=fake_weight)
    value = BalancedConsistency(options).penalty(spy, real, fake)
    pairs = {id(b): k for k, b in enumerate(spy.seen)}
    terms = [
        mean_square(spy.scores[pairs[id(b)]], spy.scores[pairs[id(b)] + 1]) for b in (real, fake)
    ]
    assert value.item() == pytest.approx(terms[0] + fake_weight * terms[1], rel=1e-5)


def test_a_critic_that_no_flip_or_shift_changes_costs_nothing():
    """The extremes of an image with one white and one black pixel in its middle."""
    images = torch.zeros(6, 1, 16, 16)
    images[:, :, 7, 7], images[:, :, 8, 5] = 1, -1
    critic = lambda b: b.images.amax((1, 2, 3)) - b.images.amin((1, 2, 3))  # noqa: E731
    assert Consistency().penalty(critic, Batch(images), fakes()).item() == 0


@pytest.mark.parametrize("kind", [Consistency, BalancedConsistency])
def test_a_picture_that_an_image_is_conditioned_on_is_transformed_alike(kind):
    """The image is its picture negated: so are their transforms, which a critic can see."""
    seen, real = [], batch()
    real = Batch(real.images, -real.images[:, :1])
    fake = Fakes(real.images, real.labels, z=torch.zeros(6, 2), generate=lambda z, labels: None)

    def misfit(b):
        seen.append(b)
        return (b.images[:, :1] + b.labels).square().mean((1, 2, 3))

    assert kind().penalty(misfit, real, fake).item() == 0
    assert all((b.images.shape, b.labels.shape) == ((6, 3, 16, 16), (6, 1, 16, 16)) for b in seen)
    assert not torch.equal(seen[0].labels, seen[1].labels)


def test_its_gradient_goes_through_both_scores():
    """d/dw E[(w s - w s')^2] = 2 w E[(s - s')^2]: through one alone it would be another."""
    torch.manual_seed(0)
    w, spy = torch.tensor(3.0, requires_grad=True), Spy()
    value = Consistency().penalty(lambda b: w * spy(b), batch(), fakes())
    value.backward()
    assert w.grad.item() == pytest.approx(2 * 3 * mean_square(*spy.scores), rel=1e-5)


# --- The transform


def test_any_augmentation_can_be_the_transform_by_name_or_with_options():
    torch.manual_seed(0)
    gray = torch.full((6, 3, 16, 16), 0.25)
    for choice in ("diffaugment", {"name": "diffaugment", "policy": ["cutout"]}):
        spy = Spy()
        penalty = Consistency(ConsistencyOptions(augmentation=choice))
        penalty.penalty(spy, Batch(gray), fakes())
        values = spy.seen[1].images.unique()
        assert len(values) > 1
        assert (values.tolist() == [0, 0.25]) == isinstance(choice, dict)


def test_a_scheduled_transform_follows_the_training():
    chosen = {"name": "ada", "mode": "fixed", "p": "0 to 1 from 2 steps"}
    penalty = Consistency(ConsistencyOptions(augmentation=chosen))
    values = []
    for step in range(4):
        penalty.at(Progress(step, 0))
        torch.manual_seed(0)
        values.append(penalty.penalty(Spy(), batch(), fakes()).item())
    assert max(values[:2]) < 1e-6 < min(values[2:])


@pytest.mark.parametrize("choice", ["ada", {"name": "ada", "groups": "bg"}])
def test_a_transform_that_waits_for_scores_and_so_does_nothing_is_warned_of(choice):
    with pytest.warns(ganzoo.GanzooWarning, match="'ada' adapts its strength to scores"):
        ganzoo.create("penalty", "cr", augmentation=choice)


@pytest.mark.parametrize(
    "choice",
    [
        "diffaugment",
        {"name": "ada", "p": 0.5},
        {"name": "ada", "mode": "fixed", "p": "0 to 0.5 over 10 kimg"},
        {"name": "ada", "mode": "fixed", "p": "0.5 to 0 over 10 kimg"},
    ],
)
def test_no_other_transform_is_warned_of_nor_draws_random_numbers(choice):
    state = torch.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ganzoo.create("penalty", "cr", augmentation=choice)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("flip-shif", r"no augmentation named 'flip-shif'\. Did you mean 'flip-shift'"),
        ({"policy": "color"}, "'penalty.bcr.augmentation' is .* should have a name: {name = "),
        ({"name": "diffaugment", "polcy": "color"}, r"'augment.diffaugment.polcy'"),
    ],
)
def test_a_transform_that_cannot_be_made_is_refused(choice, message):
    with pytest.raises(ganzoo.UsageError, match=message):
        ganzoo.create("penalty", "bcr", augmentation=choice)


# --- In training


class Hinge(ganzoo.Loss):
    def discriminator_loss(self, critic, real, fake):
        return {"real": (1 - critic(real)).relu().mean(), "fake": (1 + critic(fake)).relu().mean()}

    def generator_loss(self, critic, fake, real):
        return {"adversarial": -critic(fake).mean()}


class Counting(nn.Sequential):
    """A discriminator that counts the images it has scored."""

    seen = 0

    def forward(self, images):
        self.seen += len(images)
        return super().forward(images)


def trainer(penalties, **settings):
    torch.manual_seed(0)
    noise = list(torch.randint(0, 256, (16, 1, 8, 8)).to(torch.uint8))
    layers = [nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0)]
    return ganzoo.Trainer(
        generator=nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))),
        discriminator=Counting(*layers),
        loss=Hinge(),
        data=ganzoo.ImageStore.from_dataset(noise),
        latent=4,
        penalties=penalties,
        batch_size=8,
        optimizer="sgd",
        generator_lr=0.05,
        discriminator_lr=0.05,
        device="cpu",
        precision="fp32",
        **settings,
    )


@pytest.mark.parametrize(
    ("penalty", "passes"), [(None, 3), ("cr", 4), ("bcr", 5), ("zcr", 4), ("zcr-diversity", 3)]
)
def test_it_costs_one_pass_for_each_transformed_batch(penalty, passes):
    """The hinge loss shows three batches: reals and fakes to the one, fakes to the other."""
    trained = trainer([penalty] if penalty else [])
    terms = trained.train_step()
    assert trained.discriminator.seen == 8 * passes
    assert penalty is None or any(name.endswith(f"/{penalty}") for name in terms)


@pytest.mark.parametrize("parts", [2, 8])
def test_training_in_micro_batches_is_training_on_the_whole_batch(parts):
    results = []
    for n in (1, parts):
        trained = trainer(["cr", "bcr", "zcr", "zcr-diversity"], grad_accum_steps=n)
        trained.fit(3)
        results.append([*trained.generator.parameters(), *trained.discriminator.parameters()])
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-6)


def test_it_sees_images_through_the_augmentations_of_the_training():
    """They come after the transform: where they leave nothing of it, nothing changes."""
    plain = trainer(["bcr"]).train_step()
    hidden = trainer(["bcr"], augment=lambda images: 0 * images + 0.5).train_step()
    assert plain["discriminator/bcr"] > 1e-3
    assert hidden["discriminator/bcr"].abs() < 1e-9


@pytest.mark.parametrize("transform", ["flip-shift", {"name": "ada", "mode": "fixed", "p": 0.5}])
def test_a_transform_goes_together_with_an_adapting_augmentation_of_the_training(transform):
    augment = {"ada": {"speed": 0.01, "interval": 1, "target": -1}}
    trained = trainer({"bcr": {"augmentation": transform}}, augment=augment)
    trained.fit(4)
    terms = trained.train_step()
    assert terms["augment/ada/p"] > 0
    assert 0 < terms["discriminator/bcr"] < float("inf")
