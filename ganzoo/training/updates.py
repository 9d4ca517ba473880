"""One update of one network: the gradient of its objective, then a step of its optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn, optim

from ganzoo.config import TrainingConfig
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty, GeneratorPenalty, Penalty
from ganzoo.training.critic import BoundCritic
from ganzoo.training.objectives import DiscriminatorObjective, GeneratorObjective
from ganzoo.training.optimizers import make_optimizer
from ganzoo.training.step import ActivePenalties, StepInput, StepRecord, Terms

AnyObjective = DiscriminatorObjective | GeneratorObjective


class Update:
    """Takes optimizer steps down an objective.

    Args:
        objective: what the network minimizes.
        optimizer: of the network's parameters.
        execution: of the run.
    """

    def __init__(
        self,
        objective: AnyObjective,
        optimizer: optim.Optimizer,
        execution: Execution,
    ) -> None:
        self.objective = objective
        self.optimizer = optimizer
        self.parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self.lr = optimizer.param_groups[0]["lr"]
        self.scaler = execution.grad_scaler()
        self.gradients = execution.gradients(objective, self.parameters, self.scaler)

    def __call__(
        self, inputs: StepInput, active_penalties: ActivePenalties, fake: Batch | None = None
    ) -> tuple[Terms, StepRecord]:
        """One update.

        Args:
            inputs: real images and z.
            active_penalties: names of the penalties to apply.
            fake: generated images to use instead of new ones.

        Returns:
            the mean of each term over the batch, and the record of the update.
        """
        # Zero gradients (`optimizer.zero_grad` without its hooks, which cost time).
        for parameter in self.parameters:
            parameter.grad = None

        # Accumulate gradients.
        terms, record = self.gradients(inputs, active_penalties, fake)

        # Optimizer step, which float16's scaler skips after an overflow.
        self.scaler.unscale_(self.optimizer)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return terms, record

    def state_dict(self) -> dict[str, Any]:
        """The state to resume from."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "penalties": self.objective.penalties.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume from a `state_dict`; the learning rate stays that of the settings."""
        self.optimizer.load_state_dict(state["optimizer"])
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr
        if state["scaler"]:  # empty if it was trained in another precision
            self.scaler.load_state_dict(state["scaler"])
        self.objective.penalties.load_state_dict(state["penalties"])


def make_updates(
    generator: nn.Module,
    critic: BoundCritic,
    loss: Loss,
    penalties: Mapping[str, AnyPenalty],
    training: TrainingConfig,
    *,
    joint_forward: bool,
) -> tuple[Update, Update]:
    """The updates of the discriminator and of the generator.

    Args:
        generator: makes the fakes.
        critic: the discriminator.
        loss: the adversarial loss.
        penalties: of both networks, by name.
        training: optimizer and learning rates.
        joint_forward: run the discriminator on real and fake images in one pass.
    """
    # Objectives.
    execution = critic.execution
    of_discriminator = {name: p for name, p in penalties.items() if isinstance(p, Penalty)}
    of_generator = {name: p for name, p in penalties.items() if isinstance(p, GeneratorPenalty)}
    discriminator_objective = DiscriminatorObjective(generator, critic, loss, of_discriminator)
    discriminator_objective.joint_forward = joint_forward
    generator_objective = GeneratorObjective(generator, critic, loss, of_generator)

    # Optimizers.
    def update(objective: AnyObjective, network: nn.Module, lr: float) -> Update:
        optimizer = make_optimizer(
            training,
            lr,
            network.parameters(),
            capturable=execution.captures_graphs,
            fused=execution.fused,
        )
        return Update(objective.to(execution.device), optimizer, execution)

    return (
        update(discriminator_objective, critic.discriminator, training.discriminator_lr),
        update(generator_objective, generator, training.generator_lr),
    )
