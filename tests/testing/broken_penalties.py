"""Good penalties, and ones that each break one promise."""

from __future__ import annotations

import torch

import ganzoo


class Good(ganzoo.Penalty):
    """R1."""

    def demands(self):
        return ganzoo.Demands(forbids_batch_statistics=True)

    def zero_at_gradient_norm(self):
        return 0.0

    def penalty(self, critic, real, fake):
        return ganzoo.image_gradient(critic, real).square().sum((1, 2, 3)).mean()


class ToOne(Good):
    """The gradient penalty of WGAN-GP, in parts."""

    def zero_at_gradient_norm(self):
        return 1.0

    def penalty(self, critic, real, fake):
        between = torch.lerp(fake.images, real.images, self.epsilon(real.images))
        gradient = ganzoo.image_gradient(critic, real.with_images(between))
        return self.excess(gradient).square().mean()

    def epsilon(self, images):
        return torch.rand_like(images[:, :1, :1, :1])

    def excess(self, gradient):
        return gradient.flatten(1).norm(dim=1) - 1


class GoodOnGenerator(ganzoo.GeneratorPenalty):
    """Pulls the norm of the generator's gradient towards one."""

    def penalty(self, generator, critic, fake, real):
        z = fake.z.detach().requires_grad_()
        images = generator(z, real.labels)
        noise = torch.randn_like(images)
        (gradient,) = torch.autograd.grad((images * noise).sum(), z, create_graph=True)
        return (torch.linalg.vector_norm(gradient, dim=1) - 1).square().mean()


class GoodWithoutGradients(ganzoo.Penalty):
    """The drift term of progressive growing."""

    def penalty(self, critic, real, fake):
        return critic(real).square().mean()


class GoodAtRandom(ganzoo.Penalty):
    """Consistency under noise; asks for nothing, and gets no gradient of images."""

    def zero_at_gradient_norm(self):
        return 0.0

    def penalty(self, critic, real, fake):
        moved = real.images + 0.05 * torch.randn_like(real.images)
        return (critic(real) - critic(real.with_images(moved))).square().mean()


class GoodMovingAverage(ganzoo.GeneratorPenalty):
    """Path lengths against their average, in float32 whatever it is given."""

    def __init__(self, options):
        super().__init__(options)
        self.register_buffer("mean", torch.zeros(()))

    def penalty(self, generator, critic, fake, real):
        z = fake.z.detach().requires_grad_()
        images = generator(z, real.labels)
        noise = torch.randn_like(images) / 8
        (gradient,) = torch.autograd.grad((images * noise).sum(), z, create_graph=True)
        length = torch.linalg.vector_norm(gradient.float(), dim=1)
        with torch.no_grad():
            self.mean.lerp_(length.mean(), 0.01)
        return (length - self.mean).square().mean()


class GoodAnchored(ganzoo.Penalty):
    """Scores of reals against an average of the fakes', and the other way round (LeCam)."""

    def __init__(self, options):
        super().__init__(options)
        for name in ("reals", "fakes"):
            self.register_buffer(name, torch.zeros(()))
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def penalty(self, critic, real, fake):
        reals, fakes = critic(real), critic(fake)
        value = (reals - self.fakes).square().mean() + (fakes - self.reals).square().mean()
        with torch.no_grad():
            self.reals.lerp_(reals.mean(), 0.1)
            self.fakes.lerp_(fakes.mean(), 0.1)
            self.updates += 1
        return value


class GoodFrozenWeights(Good):
    """Has weights that are not trained, as a pretrained network has."""

    def __init__(self, options):
        super().__init__(options)
        self.filter = torch.nn.Conv2d(3, 1, 3).requires_grad_(False)


class GoodOneSided(ToOne):
    def excess(self, gradient):
        return super().excess(gradient).relu()


class WithoutWeight(Good):
    def __init__(self, options):
        super().__init__(ganzoo.PenaltyOptions())


class OneNumberAnImage(Good):
    def penalty(self, critic, real, fake):
        return ganzoo.image_gradient(critic, real).square().sum((1, 2, 3))


class Reward(ToOne):
    def penalty(self, critic, real, fake):
        return self.excess(ganzoo.image_gradient(critic, real)).mean()


class NormOfEachPixel(ToOne):
    def excess(self, gradient):
        return gradient.norm(dim=1) - 1


class SumOverTheBatch(Good):
    def penalty(self, critic, real, fake):
        return ganzoo.image_gradient(critic, real).square().sum()


class NormOfTheBatch(ToOne):
    def zero_at_gradient_norm(self):
        return None

    def excess(self, gradient):
        return gradient.norm() - 1


class OneEpsilonForAll(ToOne):
    def epsilon(self, images):
        return torch.rand(())


class DemandsNothing(Good):
    def demands(self):
        return ganzoo.Demands()


class WithoutGraph(Good):
    def penalty(self, critic, real, fake):
        images = real.images.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(real.with_images(images)).sum(), images)
        return gradient.square().sum((1, 2, 3)).mean()


class DetachedNorm(ToOne):
    def excess(self, gradient):
        norm = gradient.flatten(1).norm(dim=1)
        return norm.detach() * (norm - 1)


class BareSquareRoot(ToOne):
    def excess(self, gradient):
        return gradient.square().sum((1, 2, 3)).sqrt() - 1


class DifferenceQuotient(ganzoo.Penalty):
    """An image gradient along one direction, without autograd."""

    def penalty(self, critic, real, fake):
        step = 1e-3
        moved = real.with_images(real.images + step)
        return ((critic(moved) - critic(real)) / step).square().mean()


class NearNumbers(ganzoo.Penalty):
    """Says that it tolerates bfloat16, and is a small difference of two norms."""

    tolerates_bfloat16 = True

    def demands(self):
        return ganzoo.Demands(forbids_batch_statistics=True)

    def penalty(self, critic, real, fake):
        norms = [
            torch.linalg.vector_norm(ganzoo.image_gradient(critic, batch).flatten(1), dim=1)
            for batch in (real, real.with_images(real.images + 0.01))
        ]
        return (norms[0] - norms[1]).square().mean()


class DeviationOfTheBatch(ToOne):
    """Moves reals by up to half the standard deviation of all pixels of the batch."""

    def penalty(self, critic, real, fake):
        noise = torch.rand_like(real.images)
        nearby = real.images + 0.5 * real.images.std() * noise
        return self.excess(ganzoo.image_gradient(critic, real.with_images(nearby))).square().mean()


class MeanInAnAttribute(ganzoo.Penalty):
    mean = 0.0

    def penalty(self, critic, real, fake):
        scores = critic(real)
        value = (scores - self.mean).square().mean()
        self.mean = 0.9 * self.mean + 0.1 * scores.mean().item()
        return value


class MeanThatIsNotSaved(ganzoo.Penalty):
    def __init__(self, options):
        super().__init__(options)
        self.register_buffer("mean", torch.zeros(()), persistent=False)

    def penalty(self, critic, real, fake):
        scores = critic(real)
        value = (scores - self.mean).square().mean()
        with torch.no_grad():
            self.mean.lerp_(scores.mean(), 0.1)
        return value


class LargestScore(ganzoo.Penalty):
    """Remembers the largest score, which micro-batches have not reached on average."""

    def __init__(self, options):
        super().__init__(options)
        self.register_buffer("largest", torch.zeros(()))

    def penalty(self, critic, real, fake):
        scores = critic(real)
        value = (scores - self.largest).square().mean()
        with torch.no_grad():
            self.largest.copy_(torch.maximum(self.largest, scores.max()))
        return value


class LearnedTarget(ToOne):
    def __init__(self, options):
        super().__init__(options)
        self.target = torch.nn.Parameter(torch.ones(()))

    def excess(self, gradient):
        return gradient.flatten(1).norm(dim=1) - self.target
