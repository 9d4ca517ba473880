"""A small training that may be shared by several processes, and what one looks at in each."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from toys import LogisticLoss, RealGradientPenalty, TinyDiscriminator, make_store, weights

import ganzoo


class Plain(nn.Module):
    """A generator without batch statistics."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 64))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is not None:
            z = z + labels[:, None]
        return torch.tanh(self.body(z)).view(-1, 1, 8, 8)


class Between(RealGradientPenalty):
    """The gradient penalty of WGAN-GP, whose points are drawn at random."""

    def penalty(self, critic, real, fake):
        epsilon = torch.rand_like(real.images[:, :1, :1, :1])
        between = torch.lerp(fake.images, real.images, epsilon)
        gradient = ganzoo.image_gradient(critic, real.with_images(between))
        return (torch.linalg.vector_norm(gradient.flatten(1), dim=1) - 1).square().mean()


class Anchored(ganzoo.Penalty):
    """Scores against moving averages of the other side's (LeCam), read before they change."""

    def __init__(self):
        super().__init__()
        for name in ("reals", "fakes"):
            self.register_buffer(name, torch.zeros(()))
        self.register_buffer("never_reached", torch.full((3,), torch.inf))
        self.register_buffer("constant", torch.full((3,), 0.1))
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def penalty(self, critic, real, fake):
        reals, fakes = critic(real), critic(fake)
        value = (reals - self.fakes).square().mean() + (fakes - self.reals).square().mean()
        with torch.no_grad():
            self.reals.lerp_(reals.mean(), 0.5)
            self.fakes = self.fakes.lerp(fakes.mean(), 0.5)  # another tensor under its name
            self.updates += 1
        return value


class Adaptive(ganzoo.Augmentation):
    """Noise for each image, whose strength follows the mean of all real scores."""

    def __init__(self):
        super().__init__()
        self.register_buffer("strength", torch.full((), 0.1))

    def forward(self, images):
        return images + self.strength * torch.randn_like(images)

    def after_discriminator_step(self, real_scores, fake_scores):
        self.strength += 0.1 * (real_scores.mean() - fake_scores.mean()).abs()
        return {"strength": self.strength.clone()}


class Distance(LogisticLoss):
    """Wasserstein."""

    def discriminator_loss(self, critic, real, fake):
        return {"real": -critic(real).mean(), "fake": critic(fake).mean()}


def trainer(**settings):
    torch.manual_seed(0)
    labelled = bool(settings.get("conditional"))
    defaults = {
        "generator": Plain(),
        "discriminator": TinyDiscriminator(classes=3 if labelled else 0),
        "loss": Distance(),
        "data": make_store(40, classes=3 if labelled else 0),
        "latent": 8,
        "batch_size": 8,
        "device": "cpu",
        "precision": "fp32",
        "penalties": {"gp": Between(ganzoo.PenaltyOptions(weight=10.0))},
        "n_critic": 2,
    }
    return ganzoo.Trainer(**(defaults | settings))


def gradients_after_an_update(settings):
    """Of the discriminator, where the optimizer has not zeroed them yet."""
    made = trainer(**settings)
    made.discriminator_update(made._draw(0), ("gp",))
    return [p.grad.clone() for p in made.discriminator.parameters()]


def weights_after(steps, settings):
    made = trainer(**settings)
    made.fit(steps)
    return weights(made.generator), weights(made.discriminator), weights(made.ema)


def images_seen(settings):
    seen = []

    class Spy(Distance):
        def discriminator_loss(self, critic, real, fake):
            seen.append(real.images.clone())
            return super().discriminator_loss(critic, real, fake)

    trainer(loss=Spy(), **settings).fit(3)
    return torch.stack(seen)


def terms_of_a_step(settings):
    return trainer(**settings).train_step()


def resumed_from(state, settings):
    made = trainer(**settings)
    made.load_state_dict(state)
    made.fit(4)
    return made.state_dict()


def states_after(steps, settings):
    made = trainer(**settings)
    made.fit(steps)
    return made.state_dict()


def anchored_states_after(steps, settings):
    made = trainer(penalties={"anchored": Anchored()}, **settings)
    made.fit(steps)
    return made.discriminator_update.objective.penalties[0].state_dict(), made.state_dict()


def augmented_after(steps, settings):
    made = trainer(augment=Adaptive(), **settings)
    made.fit(steps)
    return made.augment.state_dict(), weights(made.discriminator)


def steps_in(minutes: float) -> int:
    """Steps until the time budget of the first process has passed; the other one has none."""
    shared = trainer()
    shared.fit(10**6, minutes=minutes if torch.distributed.get_rank() == 0 else None)
    return shared.step
