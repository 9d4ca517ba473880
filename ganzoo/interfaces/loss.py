"""Loss: the adversarial objective of both networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from ganzoo.interfaces.architecture import Demands
from ganzoo.interfaces.critic import Batch, Critic, Fakes, Refiner
from ganzoo.interfaces.latent import Latent
from ganzoo.interfaces.options import NoOptions, Options
from ganzoo.interfaces.schedule import Progress
from ganzoo.interfaces.settings import Settings


class Loss(nn.Module, ABC):
    """An adversarial loss: two methods, each returns a dict of named scalars that are summed.

        class Hinge(ganzoo.Loss):
            def discriminator_loss(self, critic, real, fake):
                return {
                    "real": F.relu(1 - critic(real)).mean(),
                    "fake": F.relu(1 + critic(fake)).mean(),
                }

            def generator_loss(self, critic, fake, real):
                return {"adversarial": -critic(fake).mean()}

    `critic(batch)` returns raw float32 scores `(N,)`; `critic.outputs(batch)` everything that the
    discriminator returns. Each term is logged under its name. A loss is an `nn.Module`: a buffer
    it registers is moved to the device and saved with the run, and changed as `ganzoo.Penalty`
    says. It has no parameters to train. It is constructed with one argument, its validated
    options. A loss with options of its own declares them:

        class LeastSquares(ganzoo.Loss):
            options: LeastSquaresOptions

            def __init__(self, options: LeastSquaresOptions | None = None) -> None:
                super().__init__(options or LeastSquaresOptions())

    Attributes:
        takes_patches: `critic(batch)` may be `(N, P)`, a score for each of P patches or heads. Set
            it where the loss takes the mean of a function of each score. Other losses refuse such
            discriminators; penalties get the mean over P.
    """

    options: Options
    takes_patches: ClassVar[bool] = False

    def __init__(self, options: Options | None = None) -> None:
        super().__init__()
        self.options = NoOptions() if options is None else options

    @abstractmethod
    def discriminator_loss(self, critic: Critic, real: Batch, fake: Fakes) -> Mapping[str, Tensor]:
        """Terms that the discriminator minimizes; `fake` carries no graph to the generator.

        Both batches have the same length and the same labels. `fake.z` is what the fakes were made
        of, and `fake.again(z)` makes others.
        """

    @abstractmethod
    def generator_loss(self, critic: Critic, fake: Fakes, real: Batch) -> Mapping[str, Tensor]:
        """Terms that the generator minimizes; the discriminator is frozen meanwhile."""

    def demands(self) -> Demands:
        """What it demands of the networks."""
        return Demands()

    def settings(self) -> Settings:
        """Training settings that its paper recommends."""
        return {}

    def default_penalties(self) -> Mapping[str, Mapping[str, Any]]:
        """The paper's penalties by name, with their options: `{"r1": {"weight": 10}}`.

        `ganzoo.train` looks a name up in the loss's own distribution first. The user may change the
        options, switch a penalty off with a weight of 0, or all with `none`.
        """
        return {}

    def default_constraints(self) -> Mapping[str, Mapping[str, Any]]:
        """The paper's constraints on weights by name, with their options, as for penalties."""
        return {}

    def latent(self, latent: Latent) -> Latent:
        """The distribution of z: the architecture's, or one of the same length made of it.

        A loss that predicts a code from the images (InfoGAN) puts the code into z here.

        Raises:
            UsageError: z is too short for it.
        """
        return latent

    def refiner(self) -> Refiner | None:
        """What moves z by the discriminator before images are sampled; nothing if None.

        A loss that moves z in training (LOGAN) may do so in samples and metrics too. Exports hold
        the generator alone.
        """
        return None

    def at(self, progress: Progress) -> None:
        """Called before each step; write what depends on the progress into a buffer."""

    def forward(self, *args: object) -> Tensor:
        """Not used: call one of the two methods."""
        raise NotImplementedError("call discriminator_loss() or generator_loss()")
