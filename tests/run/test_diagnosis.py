"""Promises of the numbers a run is diagnosed by, against what they are defined as."""

from __future__ import annotations

import itertools

import pytest
import torch
from scipy.stats import mannwhitneyu
from toys import LogisticLoss, TinyDiscriminator

from ganzoo.monitoring.divergence import nonfinite_weight
from ganzoo.run import diagnosis
from ganzoo.run.diagnosis import diversity, measure, roc_auc


def test_roc_auc_is_the_area_under_the_roc_curve():
    real, fake = torch.randn(37), torch.randn(23).add(-0.5)
    real[3] = fake[5]  # a tie
    expected = mannwhitneyu(real.numpy(), fake.numpy()).statistic / (37 * 23)  # the same number
    assert float(roc_auc(real, fake)) == pytest.approx(expected, abs=1e-6)


def test_diversity_is_the_mean_distance_of_pairs_per_pixel():
    images = torch.rand(6, 2, 3, 4) * 2 - 1
    pairs = [(a - b).square().mean().sqrt() for a, b in itertools.combinations(images.double(), 2)]
    assert float(diversity(images)) == pytest.approx(float(torch.stack(pairs).mean()), rel=1e-5)
    assert float(diversity(images[:1].expand(5, -1, -1, -1))) == 0


def test_gradient_norms_are_those_of_the_last_update(make_trainer):
    trainer = make_trainer()
    trainer.fit(2)
    seen = measure(trainer)
    for name in ("generator", "discriminator"):
        grads = [p.grad.double().flatten() for p in getattr(trainer, name).parameters()]
        assert seen[f"{name}/gradient_norm"] == pytest.approx(float(torch.cat(grads).norm()))
        assert seen[f"{name}/gradient_norm"] > 0


def test_scores_are_those_of_the_last_discriminator_update(make_trainer):
    """Seen through the loss itself, which gets the same scores."""
    given = []

    class Spy(LogisticLoss):
        def discriminator_loss(self, critic, real, fake):
            given.append((critic(real).detach(), critic(fake).detach()))
            return super().discriminator_loss(critic, real, fake)

    trainer = make_trainer(loss=Spy(), n_critic=2)
    trainer.fit(2)
    seen = measure(trainer)
    real, fake = given[-1]
    assert seen["scores/real"] == pytest.approx(float(real.mean()))
    assert seen["scores/fake_std"] == pytest.approx(float(fake.std(correction=0)))
    assert seen["scores/auc"] == pytest.approx(float(roc_auc(real, fake)))


def test_a_loss_that_hides_its_scores_leaves_them_out(make_trainer):
    class Joint(LogisticLoss):
        def discriminator_loss(self, critic, real, fake):
            both = real.with_images(torch.cat([real.images, fake.images]))
            return {"sum": critic(both).sum() * 0}

    normed = TinyDiscriminator(norm=torch.nn.BatchNorm2d)  # no joint pass of the trainer's own
    trainer = make_trainer(loss=Joint(), discriminator=normed)
    trainer.fit(1)
    seen = measure(trainer)
    assert not [name for name in seen if name.startswith("scores/")]
    assert seen["diversity/fake"] > 0


def test_the_average_is_far_from_weights_that_move_and_near_to_those_that_do_not(make_trainer):
    moving, still = make_trainer(), make_trainer(generator_lr=1e-12)
    moving.fit(5)
    still.fit(5)
    assert measure(moving)["generator/distance_to_average"] > 1e-5
    assert measure(still)["generator/distance_to_average"] < 1e-8


def test_looking_does_not_move_the_training(make_trainer):
    looked, not_looked = make_trainer(), make_trainer()
    for _ in range(3):
        looked.train_step()
        measure(looked)
        not_looked.train_step()
    torch.testing.assert_close(looked.state_dict(), not_looked.state_dict(), rtol=0, atol=0)


def test_a_single_image_has_no_diversity(make_trainer):
    trainer = make_trainer()
    trainer.fit(1)
    assert "diversity/fake" in measure(trainer)
    trainer.record = trainer.record._replace(fake=trainer.record.fake[:1])
    assert "diversity/fake" not in measure(trainer)


@pytest.mark.parametrize("network", ["generator", "discriminator"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_weight_that_is_not_finite_is_named(make_trainer, network, value):
    trainer = make_trainer()
    assert nonfinite_weight(trainer) is None
    name, weight = list(getattr(trainer, network).named_parameters())[-1]
    with torch.no_grad():
        weight.view(-1)[0] = value
    assert nonfinite_weight(trainer) == f"{network}/{name}"


def test_a_buffer_that_is_not_finite_is_named_too(make_trainer):
    trainer = make_trainer()
    trainer.generator.body[1].running_var[0] = float("inf")
    assert nonfinite_weight(trainer) == "generator/body.1.running_var"


def test_large_batches_are_compared_in_part(make_trainer, monkeypatch):
    monkeypatch.setattr(diagnosis, "DIVERSITY_IMAGES", 2)
    trainer = make_trainer()
    trainer.fit(1)
    first = trainer.record.fake[:2]
    assert measure(trainer)["diversity/fake"] == pytest.approx(float(diversity(first)))
