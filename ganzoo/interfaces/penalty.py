"""Penalty: a regularizer that can be added to any loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganzoo.interfaces.architecture import Demands
from ganzoo.interfaces.critic import Batch, Critic
from ganzoo.interfaces.options import PenaltyOptions


def image_gradient(critic: Critic, batch: Batch) -> Tensor:
    """The gradient of each image's score with respect to that image, for a gradient penalty.

    Computed by `torch.autograd.grad(..., create_graph=True)`, so that a penalty on it is
    differentiable in the discriminator's parameters. The gradient of the summed scores is each
    image's own because no score depends on another image: `Demands.forbids_batch_statistics`.

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
    """

    tolerates_bfloat16: ClassVar[bool] = False

    options: PenaltyOptions

    def __init__(self, options: PenaltyOptions | None = None) -> None:
        super().__init__()
        self.options = PenaltyOptions() if options is None else options

    @property
    def weight(self) -> float:
        """Factor of the penalty in the loss."""
        return self.options.weight

    @property
    def interval(self) -> int:
        """Lazy regularization: applied at every n-th update of its network, n times as strong."""
        return self.options.interval

    def demands(self) -> Demands:
        """What it demands of the networks."""
        return Demands()


class Penalty(Regularizer):
    """A term of the discriminator's loss: `penalty(critic, real, fake)` is the whole of it.

    Take norms and means in float32, as `ganzoo.image_gradient` returns them. The trainer chooses
    the critic's precision and multiplies by `weight`. It is constructed with one argument, its
    validated options, a subclass of `ganzoo.PenaltyOptions`.
    """

    @abstractmethod
    def penalty(self, critic: Critic, real: Batch, fake: Batch) -> Tensor:
        """A scalar, unweighted, differentiable in the discriminator's parameters.

        `fake` carries no graph to the generator; both batches have the same length.
        """

    def zero_at_gradient_norm(self) -> float | None:
        """The gradient norm of a linear critic at which the penalty is zero, as its paper says.

        1 for WGAN-GP, 0 for R1, None if there is none. Only the conformance kit uses it.
        """
        return None


class GeneratorPenalty(Regularizer):
    """A term of the generator's loss, which also receives the generator and its inputs."""

    @abstractmethod
    def penalty(
        self, generator: nn.Module, critic: Critic, z: Tensor, fake: Batch, real: Batch
    ) -> Tensor:
        """A scalar, unweighted, differentiable in the generator's parameters.

        Args:
            generator: `generator(z, labels)`, unfrozen, in the penalty's precision.
            critic: the frozen discriminator.
            z: `(N, latent_dim)` that made `fake`.
            fake: the generator's images, with their graph.
            real: as many real images.
        """


AnyPenalty = Penalty | GeneratorPenalty
"""A penalty of either network."""
