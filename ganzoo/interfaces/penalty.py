"""Penalty: a regularizer that can be added to any loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganzoo.interfaces.architecture import Demands
from ganzoo.interfaces.critic import Batch, Critic, Fakes
from ganzoo.interfaces.options import PenaltyOptions
from ganzoo.interfaces.schedule import Progress, Schedule


def image_gradient(critic: Critic, batch: Batch) -> Tensor:
    """The gradient of each image's score with respect to that image, for a gradient penalty.

    Computed by `torch.autograd.grad(..., create_graph=True)`, so that a penalty on it is
    differentiable in the discriminator's parameters. The gradient of the summed scores is each
    image's own because no score depends on another image: `Demands.forbids_batch_statistics`. Only
    a layer that mixes images on purpose adds the others' share, as in StyleGAN2.

    Args:
        critic: scores images.
        batch: images `(N, C, H, W)`, taken without their graph, with their labels.

    Returns:
        `(N, C, H, W)` in float32, or float64 if the images are.
    """
    images = batch.images.detach().requires_grad_()
    scores = critic(batch.with_images(images))
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.to(torch.promote_types(gradient.dtype, torch.float32))


class Regularizer(nn.Module, ABC):
    """A penalty of either network: a weight, an interval and demands.

    Attributes:
        tolerates_bfloat16: a test shows that with the networks in bfloat16 the parameters' gradient
            stays within 3 % of float32's. `penalty_precision = "auto"` then uses bfloat16.
        reuses_scores: it takes functions of the scores and outputs of real and fake images, and no
            gradients by images. Its critic then returns those of the loss's own forward pass,
            which costs nothing.
    """

    tolerates_bfloat16: ClassVar[bool] = False
    reuses_scores: ClassVar[bool] = False

    options: PenaltyOptions

    def __init__(self, options: PenaltyOptions | None = None) -> None:
        super().__init__()
        self.options = PenaltyOptions() if options is None else options

    @property
    def weight(self) -> float | Schedule:
        """Factor of the penalty in the loss; what is scheduled from 0 is on."""
        return self.options.weight

    @property
    def interval(self) -> int:
        """Lazy regularization: applied at every n-th update of its network, n times as strong."""
        return self.options.interval

    def demands(self) -> Demands:
        """What it demands of the networks."""
        return Demands()

    def at(self, progress: Progress) -> None:
        """Called before each step; write what depends on the progress into a buffer."""


class Penalty(Regularizer):
    """A term of the discriminator's loss: `penalty(critic, real, fake)` is the whole of it.

    Take norms and means in float32, as `ganzoo.image_gradient` returns them. The trainer chooses
    the critic's precision and multiplies by `weight`. It is constructed with one argument, its
    validated options, a subclass of `ganzoo.PenaltyOptions`.

    State belongs in buffers (`register_buffer`), which are saved with the run. Every micro-batch
    starts from the state before the update. Then a buffer becomes the mean over all micro-batches
    of all processes. So change a buffer by means over the batch, and read it before:

        scores = critic(real)
        value = (scores - self.mean).square().mean()
        with torch.no_grad():
            self.mean.lerp_(scores.mean(), 0.01)

    Neither the state nor the gradient then depends on the number of micro-batches. Parameters that
    require gradients raise a `ganzoo.PluginError`: no optimizer would train them.
    """

    @abstractmethod
    def penalty(self, critic: Critic, real: Batch, fake: Fakes) -> Tensor:
        """A scalar, unweighted, differentiable in the discriminator's parameters.

        `fake` carries no graph to the generator; `fake.again(z)` generates other images. Both
        batches have the same length.
        """

    def zero_at_gradient_norm(self) -> float | None:
        """The gradient norm of a linear critic at which the penalty is zero, as its paper says.

        1 for WGAN-GP, 0 for R1, None if there is none. Only the conformance kit uses it.
        """
        return None


class GeneratorPenalty(Regularizer):
    """A term of the generator's loss, which also receives the generator.

    State belongs in buffers, as in `ganzoo.Penalty`.
    """

    @abstractmethod
    def penalty(self, generator: nn.Module, critic: Critic, fake: Fakes, real: Batch) -> Tensor:
        """A scalar, unweighted, differentiable in the generator's parameters.

        Args:
            generator: unfrozen, in the penalty's precision: for its weights, or for `mapping` and
                `synthesis` of a `ganzoo.StyleGenerator`. Images are made by `fake.again(z)`.
            critic: the frozen discriminator.
            fake: the generator's images, with their graph; `fake.z` is what they were made of.
            real: as many real images.
        """


AnyPenalty = Penalty | GeneratorPenalty
"""A penalty of either network."""
