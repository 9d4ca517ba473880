"""Loss: the adversarial objective of both networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ganzoo.interfaces.architecture import Demands
from ganzoo.interfaces.critic import Batch, Critic
from ganzoo.interfaces.options import NoOptions, Options
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
    it registers is moved to the device and saved with the run. It is constructed with one
    argument, its validated options. A loss with options of its own declares them:

        class LeastSquares(ganzoo.Loss):
            options: LeastSquaresOptions

            def __init__(self, options: LeastSquaresOptions | None = None) -> None:
                super().__init__(options or LeastSquaresOptions())
    """

    options: Options

    def __init__(self, options: Options | None = None) -> None:
        super().__init__()
        self.options = NoOptions() if options is None else options

    @abstractmethod
    def discriminator_loss(self, critic: Critic, real: Batch, fake: Batch) -> Mapping[str, Tensor]:
        """Terms that the discriminator minimizes; `fake` carries no graph to the generator.

        Both batches have the same length and the same labels.
        """

    @abstractmethod
    def generator_loss(self, critic: Critic, fake: Batch, real: Batch) -> Mapping[str, Tensor]:
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
        options, or switch a penalty off with a weight of 0.
        """
        return {}

    def after_discriminator_step(self, discriminator: nn.Module) -> None:
        """Called without gradients after each discriminator update (to clip weights, say)."""

    def forward(self, *args: object) -> Tensor:
        """Not used: call one of the two methods."""
        raise NotImplementedError("call discriminator_loss() or generator_loss()")
