"""Loss: what the two networks minimize."""

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
    """An adversarial objective: two methods, each a dict of named scalars that are summed.

        class Hinge(ganzoo.Loss):
            def discriminator_loss(self, critic, real, fake):
                return {
                    "real": F.relu(1 - critic(real)).mean(),
                    "fake": F.relu(1 + critic(fake)).mean(),
                }

            def generator_loss(self, critic, fake, real):
                return {"adversarial": -critic(fake).mean()}

    `critic(batch)` gives raw float32 scores `(N,)`; `critic.outputs(batch)` whatever else the
    discriminator offers. Each term is logged under its name. A loss is an `nn.Module`: a buffer
    it registers is moved to the device and saved with the run. It is constructed with one
    argument, its validated options; one that has options of its own says so:

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
        """What the networks must offer or avoid."""
        return Demands()

    def settings(self) -> Settings:
        """Training settings its paper recommends."""
        return {}

    def default_penalties(self) -> Mapping[str, Mapping[str, Any]]:
        """Penalties that belong to it, by name, with their options: `{"r1": {"weight": 10}}`.

        A name is looked for in the loss's own distribution first. The user may change their
        options, or switch one off with a weight of 0.
        """
        return {}

    def after_discriminator_step(self, discriminator: nn.Module) -> None:
        """Called without gradients after each discriminator update (to clip weights, say)."""

    def forward(self, *args: object) -> Tensor:
        """Not used: a loss has two sides, so call one of its two methods."""
        raise NotImplementedError("call discriminator_loss() or generator_loss()")
