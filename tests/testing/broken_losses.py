"""Good losses, and ones that each break one promise."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import nn

import ganzoo


class OptionsBesideTorch(ganzoo.Options):
    """In a module that imports torch."""

    margin: float = Field(1.0, description="Of the hinge.")


class Good(ganzoo.Loss):
    def __init__(self, options):
        super().__init__()

    def discriminator_loss(self, critic, real, fake):
        return {
            "real": F.softplus(-critic(real)).mean(),
            "fake": F.softplus(critic(fake)).mean(),
        }

    def generator_loss(self, critic, fake, real):
        return {"adversarial": F.softplus(-critic(fake)).mean()}


class GoodWithLogits(Good):
    def demands(self):
        return ganzoo.Demands(labels=True, outputs={"class_logits": ganzoo.Output("classes")})

    def told(self, critic, batch):
        return F.cross_entropy(critic.outputs(batch)["class_logits"], batch.labels)

    def discriminator_loss(self, critic, real, fake):
        terms = super().discriminator_loss(critic, real, fake)
        return {**terms, "class": self.told(critic, real)}

    def generator_loss(self, critic, fake, real):
        terms = super().generator_loss(critic, fake, real)
        return {**terms, "class": self.told(critic, fake)}


class GoodMovingAverage(Good):
    """Relativistic, against an average of the other side's scores that is a buffer."""

    def __init__(self, options):
        super().__init__(options)
        self.register_buffer("mean", torch.zeros(()))

    def discriminator_loss(self, critic, real, fake):
        reals, fakes = critic(real), critic(fake)
        with torch.no_grad():
            self.mean.lerp_((reals.mean() + fakes.mean()) / 2, 0.1)
        return {
            "hinge": (1 - reals + self.mean).relu().mean() + (1 + fakes - self.mean).relu().mean()
        }


class GoodWithImages(Good):
    """Looks at images too: the critic minds no mirror, the generator paints as bright as reals."""

    def discriminator_loss(self, critic, real, fake):
        terms = super().discriminator_loss(critic, real, fake)
        mirrored = critic(real.with_images(real.images.flip(3)))
        return {**terms, "consistency": (critic(real) - mirrored).square().mean()}

    def generator_loss(self, critic, fake, real):
        terms = super().generator_loss(critic, fake, real)
        return {**terms, "light": (fake.images.mean() - real.images.mean()).square()}


class OfNoInterface(nn.Module):
    discriminator_loss = Good.discriminator_loss
    generator_loss = Good.generator_loss
    demands = Good.demands
    settings = Good.settings
    default_penalties = Good.default_penalties

    def __init__(self, options):
        super().__init__()


class SilentOption(Good):
    pass


class HeavyOptions(Good):
    pass


class OneTermAnImage(Good):
    def generator_loss(self, critic, fake, real):
        return {"adversarial": F.softplus(-critic(fake))}


class LogarithmOfSigmoid(Good):
    def generator_loss(self, critic, fake, real):
        return {"adversarial": -torch.sigmoid(critic(fake)).log().mean()}


class RealsAndFakesExchanged(Good):
    def discriminator_loss(self, critic, real, fake):
        return super().discriminator_loss(critic, fake, real)


class GeneratorOnTheOtherSide(Good):
    def generator_loss(self, critic, fake, real):
        return {"adversarial": F.softplus(critic(fake)).mean()}


class EveryOutputIsAScore(Good):
    def generator_loss(self, critic, fake, real):
        outputs = critic.outputs(fake).values()
        return {"adversarial": torch.stack([F.softplus(-x).mean() for x in outputs]).sum()}


class UnusedLogits(Good):
    def demands(self):
        return ganzoo.Demands(labels=True, outputs={"class_logits": ganzoo.Output("classes")})


class TrainsTheDiscriminator(Good):
    def generator_loss(self, critic, fake, real):
        critic.discriminator.requires_grad_(True)
        return super().generator_loss(critic, fake, real)


class KeepsFakes(Good):
    """A replay of fakes that were not detached; it counts for nothing here, yet has a graph."""

    kept = None

    def discriminator_loss(self, critic, real, fake):
        terms = super().discriminator_loss(critic, real, fake)
        if self.kept is not None:
            terms["replay"] = 0 * critic(self.kept).mean()
        return terms

    def generator_loss(self, critic, fake, real):
        self.kept = fake
        return super().generator_loss(critic, fake, real)


class CallsBackward(Good):
    def discriminator_loss(self, critic, real, fake):
        terms = super().discriminator_loss(critic, real, fake)
        sum(terms.values()).backward(retain_graph=True)
        return terms


class MeanInAnAttribute(Good):
    mean = 0.0

    def discriminator_loss(self, critic, real, fake):
        self.mean = 0.9 * self.mean + 0.1 * critic(fake).mean().item()
        return {
            "real": F.softplus(self.mean - critic(real)).mean(),
            "fake": F.softplus(critic(fake) - self.mean).mean(),
        }


class CountsImages(Good):
    """Two micro-batches of half the images count, on average, half of what the batch counts."""

    def __init__(self, options):
        super().__init__(options)
        self.register_buffer("seen", torch.zeros(()))

    def discriminator_loss(self, critic, real, fake):
        with torch.no_grad():
            self.seen += len(real)
        return super().discriminator_loss(critic, real, fake)


class LearnedMargin(Good):
    def __init__(self, options):
        super().__init__(options)
        self.margin = nn.Parameter(torch.zeros(()))

    def discriminator_loss(self, critic, real, fake):
        return {
            "real": F.softplus(self.margin - critic(real)).mean(),
            "fake": F.softplus(self.margin + critic(fake)).mean(),
        }


class PenaltyThatIsNotThere(Good):
    def default_penalties(self):
        return {"gradient-penality": {"weight": 10.0}}


class SettingOutOfRange(Good):
    def settings(self):
        return {"betas": (0.5, 2.0)}


class GoodRefiner(Good):
    """Moves z up the score of its image, and adds noise."""

    def refiner(self):
        return self.refined

    def refined(self, critic, fake, noise):
        z = fake.z.requires_grad_()
        scores = critic(fake.again(z=z))
        (gradient,) = torch.autograd.grad(self.total(scores), z)
        return (z + gradient + 0.1 * self.drawn(z, noise)).detach()

    def total(self, scores):
        return scores.sum()

    def drawn(self, z, noise):
        return noise()


class MovesByTheMeanScore(GoodRefiner):
    def total(self, scores):
        return scores.mean()


class MovesAtRandom(GoodRefiner):
    def drawn(self, z, noise):
        return torch.randn_like(z)
