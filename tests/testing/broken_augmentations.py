"""Good augmentations, and one that breaks each promise."""

from __future__ import annotations

import torch
from torch.autograd.function import once_differentiable

import ganzoo


def one_each(images):
    return torch.rand(len(images), 1, 1, 1).to(images)


class Good(ganzoo.Augmentation):
    """Flips each image with probability 0.5, and shades it."""

    def __init__(self, options):
        super().__init__(options)

    def draw(self, images):
        return one_each(images)

    def forward(self, images):
        flipped = torch.where(self.draw(images) < 0.5, images.flip(3), images)
        return flipped + 0.3 * self.draw(images) * flipped.square()


class GoodConstant(Good):
    """The same for every image: a blur."""

    def forward(self, images):
        return (images + images.roll(1, 3)) / 2


class GoodAdaptive(Good):
    """Noise whose strength follows the scores."""

    def __init__(self, options):
        super().__init__(options)
        self.register_buffer("p", torch.zeros(()))

    def forward(self, images):
        return images * (1 + self.p.to(images) * one_each(images))

    def after_discriminator_step(self, real_scores, fake_scores):
        if real_scores is not None:
            self.p.add_(0.1 * real_scores.sign().mean()).clamp_(0, 1)
        return {"p": self.p.clone()}


class CropsTheBorder(Good):
    def forward(self, images):
        return super().forward(images)[..., 1:-1]


class ComputesInSingle(Good):
    def forward(self, images):
        return super().forward(images).float()


class ContrastOfTheBatch(Good):
    def forward(self, images):
        return super().forward(images) - images.mean().tanh()


class OneDrawForAll(Good):
    def draw(self, images):
        return torch.rand(1, 1, 1, 1).to(images).expand(len(images), 1, 1, 1)


class ShufflesTheDraws(Good):
    def draw(self, images):
        return (torch.randperm(len(images)).to(images) / len(images)).view(-1, 1, 1, 1)


class Posterizes(Good):
    def forward(self, images):
        images = super().forward(images)
        return images + ((4 * images).round() / 4 - images).detach()


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, images):
        ctx.save_for_backward(images)
        return images.square()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        return 2 * ctx.saved_tensors[0] * gradient


class OnceDifferentiable(Good):
    def forward(self, images):
        return Square.apply(super().forward(images))


class StrengthInAnAttribute(GoodAdaptive):
    def __init__(self, options):
        super().__init__(options)
        self.p = self._buffers.pop("p")


class LogsANumber(GoodAdaptive):
    def after_discriminator_step(self, real_scores, fake_scores):
        super().after_discriminator_step(real_scores, fake_scores)
        return {"p": float(self.p)}


class LearnedStrength(Good):
    def __init__(self, options):
        super().__init__(options)
        self.strength = torch.nn.Parameter(torch.ones(()))

    def forward(self, images):
        return super().forward(images) * self.strength.to(images)
