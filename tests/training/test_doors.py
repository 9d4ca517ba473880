"""What losses, penalties, augmentations and constraints receive from the trainer."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from toys import LogisticLoss, TinyDiscriminator, TinyGenerator, make_store

import ganzoo
from ganzoo import Demands, Output, Progress
from ganzoo.interfaces.constraint import wrap
from ganzoo.sampling import Sampler

IMAGE = ganzoo.ImageSpec(1, 8, 8)

# --- Fakes that know z


class Asks(LogisticLoss):
    """Generates again on both sides, and notes what came."""

    def __init__(self):
        super().__init__()
        self.notes = {}

    def discriminator_loss(self, critic, real, fake):
        z = fake.z.clone().requires_grad_()
        moved = fake.again(z)
        (by_z,) = torch.autograd.grad(critic(moved).sum(), z)
        self.notes["discriminator"] = (fake, fake.again(), moved, by_z, fake.again(-fake.z))
        return super().discriminator_loss(critic, real, fake)

    def generator_loss(self, critic, fake, real):
        again = fake.again()
        self.notes["generator"] = (fake, again)
        return super().generator_loss(critic, fake, real) | {"more": -critic(again).mean()}


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("reuse_fakes", [False, True])
def test_fakes_can_be_generated_again_on_both_sides(make_trainer, conditional, reuse_fakes):
    trainer = make_trainer(
        loss=Asks(),
        conditional=conditional,
        classes=3,
        reuse_fakes=reuse_fakes,
        generator=Plain(classes=3 if conditional else 0),
    )
    trainer.train_step()

    # On the discriminator's side nothing reaches the generator, and z can be moved.
    fake, again, moved, by_z, others = trainer.loss.notes["discriminator"]
    torch.testing.assert_close(again.images, fake.images)
    assert not fake.images.requires_grad
    assert not again.images.requires_grad
    assert moved.images.requires_grad
    assert by_z.shape == fake.z.shape
    assert by_z.abs().max() > 0
    assert not torch.equal(others.images, fake.images)
    assert torch.equal(others.z, -fake.z)

    # On the generator's side the images carry its graph.
    fake, again = trainer.loss.notes["generator"]
    torch.testing.assert_close(again.images, fake.images)
    assert again.images.requires_grad


class Plain(TinyGenerator):
    """Without batch norm, so that an image depends on its z alone."""

    def __init__(self, channels=1, classes=0):
        super().__init__(channels, classes=classes)
        self.body[1] = nn.Identity()


def test_generating_again_with_other_labels_gives_other_images(make_trainer):
    class Relabels(LogisticLoss):
        def generator_loss(self, critic, fake, real):
            other = fake.again(labels=(fake.labels + 1) % 3)
            self.note = (fake, other)
            return super().generator_loss(critic, fake, real)

    trainer = make_trainer(loss=Relabels(), conditional=True, classes=3)
    trainer.train_step()
    fake, other = trainer.loss.note
    assert torch.equal(other.labels, (fake.labels + 1) % 3)
    assert not torch.equal(fake.images, other.images)


def test_some_rows_of_fakes_keep_their_z():
    fake = ganzoo.Fakes(
        torch.zeros(4, 1, 2, 2), None, z=torch.arange(8.0).view(4, 2), generate=None
    )
    assert torch.equal(fake[1:3].z, fake.z[1:3])
    assert len(fake[1:3]) == 2


# --- Penalties that reuse scores


class OfScores(ganzoo.Penalty):
    reuses_scores = True

    def penalty(self, critic, real, fake):
        return critic(real).square().mean() + critic(fake).square().mean()


def test_a_penalty_on_scores_costs_no_forward_pass(make_trainer):
    class Counting(TinyDiscriminator):
        shown = 0

        def forward(self, images, labels=None):
            self.shown += len(images)
            return super().forward(images, labels)

    torch.manual_seed(1)
    reused = make_trainer(discriminator=Counting(), penalties={"p": OfScores()})
    reused.discriminator.shown = 0
    inputs = reused._draw(0)
    terms = reused.discriminator_update(inputs, ("p",))[0]
    assert reused.discriminator.shown == 2 * reused.training.batch_size

    class Afresh(OfScores):
        reuses_scores = False

    torch.manual_seed(1)
    afresh = make_trainer(discriminator=Counting(), penalties={"p": Afresh()})
    expected = afresh.discriminator_update(inputs, ("p",))[0]
    torch.testing.assert_close(terms, expected, rtol=1e-5, atol=1e-6)
    for mine, theirs in zip(
        reused.discriminator.parameters(), afresh.discriminator.parameters(), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


# --- Patches


class Patches(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(1, 1, 3, 2, 1)

    def forward(self, images):
        return self.body(images)


class Patchwise(LogisticLoss):
    takes_patches = True

    def discriminator_loss(self, critic, real, fake):
        assert critic(real).shape == (4, 16)
        return super().discriminator_loss(critic, real, fake)


def test_a_loss_gets_patches_if_it_takes_them_and_penalties_get_their_mean(make_trainer):
    class Mean(ganzoo.Penalty):
        reuses_scores = True

        def penalty(self, critic, real, fake):
            assert critic(real).shape == (4,)
            return critic(real).square().mean()

    trainer = make_trainer(discriminator=Patches(), loss=Patchwise(), penalties={"m": Mean()})
    trainer.train_step()
    assert trainer.record.real_scores.shape == (4,)
    with pytest.raises(ganzoo.Unsupported, match="16 scores an image"):
        make_trainer(discriminator=Patches())


# --- Demands of outputs


def test_demands_are_joined_and_a_conflict_is_refused():
    first = Demands(outputs={"embedding": Output(8), "features": Output("any")})
    second = Demands(labels=True, outputs={"features": Output(16)})
    both = first | second
    assert both.outputs == {"embedding": Output(8), "features": Output(16)}
    assert (second | first).outputs == both.outputs
    with pytest.raises(ganzoo.Unsupported, match="'embedding' differ: a row of 8"):
        _ = first | Demands(outputs={"embedding": Output(9)})


def test_a_score_is_unconditional_where_another_output_tells_the_class():
    assert not Demands(labels=True).unconditional_scores
    assert not Demands(outputs={"features": Output("any")}).unconditional_scores
    assert Demands(outputs={"class_logits": Output("classes")}).unconditional_scores
    assert Demands(outputs={"proxy": Output(8, of="label")}).unconditional_scores


# --- Augmentations


class Shift(ganzoo.Augmentation):
    """Adds what it has counted."""

    def __init__(self):
        super().__init__()
        self.register_buffer("strength", torch.zeros(()))
        self.told = []

    def at(self, progress):
        self.progress = progress

    def forward(self, images):
        return images + self.strength

    def after_discriminator_step(self, real_scores, fake_scores):
        self.told.append((real_scores, fake_scores))
        self.strength += 0.01
        return {"strength": self.strength.clone()}


def test_an_augmentation_is_told_progress_and_scores_and_logs(make_trainer):
    shift = Shift()
    trainer = make_trainer(augment={"shift": shift}, n_critic=2)
    terms = trainer.train_step()
    trainer.train_step()
    assert shift.progress == Progress(1, 8)  # one step of two batches of four
    assert [real.shape for real, _ in shift.told] == [(4,)] * 4
    assert not any(scores.requires_grad for pair in shift.told for scores in pair)
    assert terms["augment/shift/strength"] == pytest.approx(0.02)


def test_augmentations_apply_in_order_and_their_state_resumes(make_trainer):
    class Double(ganzoo.Augmentation):
        def forward(self, images):
            return 2 * images

    trainer = make_trainer(augment={"shift": Shift(), "double": Double()})
    trainer.fit(2)
    images = torch.ones(1, 1, 8, 8)
    torch.testing.assert_close(trainer.augment(images), 2 * (images + 0.02))
    other = make_trainer(augment={"shift": Shift(), "double": Double()})
    other.load_state_dict(trainer.state_dict())
    torch.testing.assert_close(other.augment(images), trainer.augment(images))


def test_an_augmentation_that_changes_the_shape_is_refused_by_name(make_trainer):
    class Crop(ganzoo.Augmentation):
        def forward(self, images):
            return images[:, :, 1:]

    with pytest.raises(ganzoo.PluginError, match="augmentation 'crop' made images of the shape"):
        make_trainer(augment={"crop": Crop()}).train_step()


# --- Constraints


class Half(nn.Module):
    def forward(self, weight):
        return weight / 2


class Halved(ganzoo.Constraint):
    """Wraps every linear layer, and penalizes the sum of squares."""

    def wrap(self, network):
        for layer in network.modules():
            if isinstance(layer, nn.Linear):
                nn.utils.parametrize.register_parametrization(layer, "weight", Half())

    def penalty(self, network):
        return 0.1 * sum(p.square().sum() for p in network.parameters())

    def settle(self, generator):
        for parameter in generator.parameters():
            parameter.zero_()


@pytest.mark.parametrize("networks", ["discriminator", "generator", "both"])
def test_a_constraint_wraps_and_penalizes_its_networks(make_trainer, networks):
    trainer = make_trainer(
        constraints={"half": Halved(ganzoo.ConstraintOptions(networks=networks))}
    )
    terms = trainer.train_step()
    for name in ("discriminator", "generator"):
        wrapped = any(map(nn.utils.parametrize.is_parametrized, getattr(trainer, name).modules()))
        assert wrapped == (networks in (name, "both")) == (f"{name}/half" in terms)


def test_networks_are_wrapped_once_by_each_constraint():
    networks = ganzoo.Networks(TinyGenerator(), TinyDiscriminator())
    wrap(networks, {"half": Halved(ganzoo.ConstraintOptions(networks="both"))})
    layers = [m for n in networks for m in n.modules() if nn.utils.parametrize.is_parametrized(m)]
    assert len(layers) == 3
    assert all(len(layer.parametrizations.weight) == 1 for layer in layers)


# --- A generator at rest


def test_sampling_uses_a_settled_copy_and_training_does_not_notice(make_trainer):
    drawn = []

    def settle(generator, draw):
        drawn.append(draw(5))
        assert not generator.training
        for parameter in generator.parameters():
            parameter.zero_()

    trainer, plain = make_trainer(settles=[settle]), make_trainer()
    for each in (trainer, plain):
        each.fit(2)
    assert torch.equal(trainer.sample(3), torch.zeros(3, 1, 8, 8))
    assert trainer.sample(3).equal(trainer.sample(3))
    assert torch.equal(drawn[0][0], drawn[1][0])
    assert drawn[0][0].shape == (5, 8)
    for name in ("generator", "ema"):
        torch.testing.assert_close(
            trainer.state_dict()[name], plain.state_dict()[name], rtol=0, atol=0
        )


def test_a_constraint_on_the_generator_settles_what_a_trainer_made_by_hand_samples(make_trainer):
    zero = Halved(ganzoo.ConstraintOptions(networks="generator"))
    assert torch.equal(make_trainer(constraints={"zero": zero}).sample(2), torch.zeros(2, 1, 8, 8))
    other = Halved(ganzoo.ConstraintOptions(networks="discriminator"))
    assert make_trainer(constraints={"zero": other}).sample(2).abs().max() > 0


def test_the_latent_makes_images_and_may_truncate_them_itself():
    class Truncated(ganzoo.NormalLatent):
        def images(self, generator, z, labels=None, *, truncation=None):
            return (truncation or 1.0) * super().images(generator, z, labels)

    generator = TinyGenerator().eval()
    full, half = (
        Sampler(Truncated(8), IMAGE, None).decode(generator, torch.ones(2, 8), truncation=t)
        for t in (None, 0.5)
    )
    torch.testing.assert_close(half, full / 2)


@pytest.mark.parametrize("shape", [(2, 7), (8,), (0, 8)])
def test_z_of_another_shape_is_refused(shape):
    with pytest.raises(ganzoo.UsageError, match=r"z must be a tensor of the shape \(N, 8\)"):
        Sampler(ganzoo.NormalLatent(8), IMAGE, None).decode(TinyGenerator(), torch.zeros(shape))


def test_a_loss_may_change_the_distribution_of_z():
    class Positive(ganzoo.NormalLatent):
        def sample(self, n, **options):
            return super().sample(n, **options).abs()

    class PositiveLoss(LogisticLoss):
        def latent(self, latent):
            return Positive(latent.latent_dim)

        def generator_loss(self, critic, fake, real):
            assert (fake.z >= 0).all()
            return super().generator_loss(critic, fake, real)

    trainer = ganzoo.Trainer(
        generator=TinyGenerator(),
        discriminator=TinyDiscriminator(),
        loss=PositiveLoss(),
        data=make_store(),
        latent=8,
        batch_size=4,
        device="cpu",
    )
    trainer.train_step()
    assert isinstance(trainer.latent, Positive)


# --- Faulty plugins


@pytest.mark.parametrize(
    ("returned", "complaint"),
    [
        (torch.zeros(()), r"returned a tensor of shape \(\)"),
        (None, "returned None"),
        ({}, "returned {}"),
        ("text", "returned a str"),
        ({"a": 3}, "'a' of Returns .* it is a int"),
        ({"a": torch.zeros(3)}, r"'a' of Returns .* a tensor of shape \(3,\)"),
        ({"a": torch.zeros(())}, "no term of Returns .* depends on what the discriminator trains"),
    ],
)
def test_a_loss_that_returns_something_else_is_named(make_trainer, returned, complaint):
    class Returns(LogisticLoss):
        def discriminator_loss(self, critic, real, fake):
            return returned

    with pytest.raises(ganzoo.PluginError, match=complaint):
        make_trainer(loss=Returns()).train_step()


def test_a_loss_that_detaches_the_fakes_is_named(make_trainer):
    class Detaches(LogisticLoss):
        def generator_loss(self, critic, fake, real):
            return super().generator_loss(critic, fake.with_images(fake.images.detach()), real)

    with pytest.raises(ganzoo.PluginError, match="no term of Detaches .* the generator trains"):
        make_trainer(loss=Detaches()).train_step()
