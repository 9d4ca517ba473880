"""Promises of sampling with the discriminator: `Loss.refiner` and `Run.refined`."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from toys import LogisticLoss, TinyDiscriminator, TinyGenerator

import ganzoo


class Uphill(LogisticLoss):
    """Moves z of samples up the score of its image, and adds a little noise."""

    def refiner(self):
        return self.refined

    def refined(self, critic, fake, noise):
        z = fake.z.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(fake.again(z=z)).sum(), z)
        return z + 50 * gradient + 0.01 * noise()


class Delicate(TinyDiscriminator):
    """In training mode each call changes it, and draws random numbers."""

    def __init__(self, channels=1, classes=0):
        super().__init__(channels, classes, norm=nn.BatchNorm2d)
        self.body = nn.Sequential(self.body, nn.Dropout(0.2))
        spectral_norm(self.score)


@pytest.fixture
def trainer(make_trainer):
    made = make_trainer(loss=Uphill(), discriminator=Delicate(), ema_decay=0.5)
    made.fit(3)
    return made


def by_hand(run, n, seed):
    """The same, one image at a time, from the formula."""
    z, images = run.sampler.draw(n, seed=seed), []
    generator, critic = run.generator, ganzoo.critic(run.discriminator)
    for k in range(n):
        point = z[k : k + 1].clone().requires_grad_()
        score = critic(ganzoo.Batch(generator(point)))
        (gradient,) = torch.autograd.grad(score.sum(), point)
        stream = torch.Generator().manual_seed(ganzoo.randomness.derive(seed, "refine", k))
        noise = torch.randn(8, generator=stream)
        images.append(run.decode(point.detach() + 50 * gradient + 0.01 * noise))
    return torch.cat(images)


def test_samples_are_of_moved_z_in_training_and_of_the_run(trainer, tmp_path):
    run = trainer.save(tmp_path / "run")
    expected = by_hand(run, 5, seed=3)
    torch.testing.assert_close(run.sample(5, seed=3), expected, rtol=0, atol=1e-5)
    assert torch.equal(trainer.sample(5, seed=3), run.sample(5, seed=3))
    moved = (expected - run.decode(run.sampler.draw(5, seed=3))).abs().amax((1, 2, 3))
    assert (moved > 1e-3).all()


def test_an_image_depends_on_the_seed_and_its_number_alone(trainer):
    many = trainer.sample(70, seed=1)  # in two batches
    torch.testing.assert_close(trainer.sample(3, seed=1), many[:3], rtol=0, atol=1e-5)
    torch.testing.assert_close(trainer.sample(66, seed=1), many[:66], rtol=0, atol=1e-5)
    assert not torch.allclose(trainer.sample(3, seed=2), many[:3], atol=1e-3)
    torch.manual_seed(99)
    assert torch.equal(trainer.sample(70, seed=1), many)


def test_sampling_changes_neither_the_training_nor_the_networks(make_trainer):
    def trained(sampling):
        torch.manual_seed(1)
        trainer = make_trainer(loss=Uphill(), discriminator=Delicate())
        for _ in range(3):
            trainer.fit(trainer.step + 1)
            if sampling:
                with torch.no_grad():
                    trainer.sample(3)
                trainer.sample(3, live=True)
        return trainer

    plain, sampled = trained(sampling=False), trained(sampling=True)
    for name in ("generator", "discriminator", "ema"):
        states = (getattr(each, name).state_dict() for each in (plain, sampled))
        for value, other in zip(*(state.values() for state in states), strict=True):
            assert torch.equal(value, other), name
    assert sampled.discriminator.training
    networks = (sampled.generator, sampled.discriminator)
    for parameter in (p for network in networks for p in network.parameters()):
        assert parameter.requires_grad


def test_the_critic_gets_the_labels_of_a_conditional_run(make_trainer):
    arguments = {"classes": 3, "conditional": True, "discriminator": Delicate(classes=3)}
    trainer = make_trainer(loss=Uphill(), **arguments)
    trainer.fit(2)
    images = trainer.sample(6)
    for label in range(3):  # classes in turn
        of_class = trainer.sample(6, labels=label)
        torch.testing.assert_close(of_class[label::3], images[label::3], rtol=0, atol=1e-5)


def test_given_points_of_latent_space_stay_where_they_are(trainer, tmp_path):
    run, z = trainer.save(tmp_path / "run"), torch.randn(3, 8)
    with torch.no_grad():
        assert torch.equal(run.decode(z), run.generator(z))
    ends = run.interpolate(1, stops=2, frames=2)[::2, 0]
    plain = run.refined(lambda critic, fake, noise: fake.z)
    assert torch.equal(ends, plain.interpolate(1, stops=2, frames=2)[::2, 0])


def test_a_run_is_refined_in_place_of_its_loss_and_by_any_function(trainer, tmp_path):
    run = trainer.save(tmp_path / "run")
    z = run.sampler.draw(4, seed=0)
    shifted = run.refined(lambda critic, fake, noise: fake.z + 1)
    assert torch.equal(shifted.sample(4), run.decode(z + 1))
    assert torch.equal(run.sample(4), trainer.sample(4))  # itself is as it was
    wrong = run.refined(lambda critic, fake, noise: fake.z[:, :3])
    with pytest.raises(ganzoo.PluginError, match=r"z of shape \(4, 3\) of \(4, 8\)"):
        wrong.sample(4)


def test_a_loss_of_the_callers_own_is_given_again(trainer, tmp_path):
    path = trainer.save(tmp_path / "run").path
    networks = {"generator": TinyGenerator(), "discriminator": Delicate(), "device": "cpu"}
    with pytest.raises(ganzoo.UsageError, match=r"Uphill, which moves the z.*refiner=…"):
        ganzoo.Run(path, **networks).sample(3)
    again = ganzoo.Run(path, **networks, refiner=Uphill().refiner())
    assert torch.equal(again.sample(3), trainer.sample(3))


def test_a_run_whose_loss_moves_nothing_needs_neither_loss_nor_discriminator(
    make_trainer, tmp_path
):
    trainer = make_trainer(discriminator=Delicate())
    path = trainer.save(tmp_path / "run").path
    run = ganzoo.Run(path, generator=TinyGenerator(), device="cpu")
    assert run.refiner is None
    assert torch.equal(run.sample(3), trainer.sample(3))
    assert torch.equal(run.decode(run.sampler.draw(3, seed=0)), run.sample(3))


def test_an_export_is_of_the_generator_alone_and_says_so(trainer, tmp_path):
    run = trainer.save(tmp_path / "run")
    with pytest.warns(ganzoo.GanzooWarning, match="the export holds the generator alone"):
        folder = ganzoo.export(run, "safetensors", out=tmp_path / "export")
    assert (folder / "generator.safetensors").exists()
    ganzoo.evaluate(run, torch.rand(20, 1, 8, 8) * 2 - 1, metrics=["sliced-wasserstein"], n=20)
    with pytest.warns(ganzoo.GanzooWarning):
        ganzoo.export(run, "safetensors", out=folder, force=True)
    assert "the discriminator moved z, which is not in this export" in (
        (folder / "README.md").read_text(encoding="utf-8")
    )


def test_z_moves_in_inference_mode_too(trainer, tmp_path):
    run = trainer.save(tmp_path / "run")
    expected = run.sample(4)
    again = ganzoo.Run(
        run.path, generator=TinyGenerator(), discriminator=Delicate(), refiner=Uphill().refiner()
    )
    with torch.inference_mode():
        assert torch.equal(again.sample(4), expected)


def test_a_loss_of_ones_own_that_moves_z_is_saved_with_the_name_of_an_architecture(
    make_trainer, tmp_path
):
    arch = {"name": "vanilla", "width": 8, "latent_dim": 4}
    networks = ganzoo.create("architecture", "vanilla", width=8, latent_dim=4).build(
        ganzoo.ImageSpec(1, 8, 8), ganzoo.Demands()
    )
    trainer = make_trainer(
        loss=Uphill(),
        generator=networks.generator,
        discriminator=networks.discriminator,
        latent=4,
    )
    trainer.fit(1)
    run = ganzoo.save(trainer, tmp_path / "run", arch=arch)
    assert torch.equal(run.sample(3), trainer.sample(3))
