"""One update of one network: the gradient of its objective, then a step of its optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.config import TrainingConfig
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.constraint import Constraint
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty, GeneratorPenalty, Penalty
from ganzoo.interfaces.schedule import Progress
from ganzoo.training.critic import BoundCritic
from ganzoo.training.objectives import DiscriminatorObjective, GeneratorObjective
from ganzoo.training.optimizers import NetworkName, NetworkOptimizer
from ganzoo.training.own_optimizer import OptimizerChoice, OwnOptimizer
from ganzoo.training.step import ActivePenalties, StepInput, StepRecord, Terms

AnyObjective = DiscriminatorObjective | GeneratorObjective


class Update:
    """Takes optimizer steps down an objective.

    Args:
        objective: what the network minimizes.
        network: what is trained; its parameters that do not require gradients stay as they are.
        optimizer: of the network's parameters.
        execution: of the run.
        max_grad_norm: the gradient is scaled down to this norm where it is larger; None for any.
    """

    def __init__(
        self,
        objective: AnyObjective,
        network: nn.Module,
        optimizer: NetworkOptimizer | OwnOptimizer,
        execution: Execution,
        max_grad_norm: float | None = None,
    ) -> None:
        self.objective = objective
        self.network = network
        self.optimizer = optimizer
        self.max_grad_norm = max_grad_norm
        self.scaler = execution.grad_scaler()
        parts = (objective.loss, objective.penalties, objective.augment)
        stateful = [part for part in parts if part is not None]
        self.gradients = execution.gradients(objective, optimizer.parameters, self.scaler, stateful)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The parameters that are trained."""
        return self.optimizer.parameters

    def at(self, progress: Progress) -> None:
        """Set what is scheduled: learning rate, betas, weights of penalties."""
        self.optimizer.at(progress)
        self.objective.at(progress)

    def __call__(
        self, inputs: StepInput, active_penalties: ActivePenalties, fake: Tensor | None = None
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

        # Clip the gradient of the whole batch (Pascanu et al. 2013), no longer scaled.
        self.scaler.unscale_(self.optimizer.torch)
        if self.max_grad_norm is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.max_grad_norm)

        # Optimizer step, which float16's scaler skips after an overflow.
        self.scaler.step(self.optimizer.torch)
        self.scaler.update()

        # Constrain the weights.
        with torch.no_grad():
            for constraint in self.objective.constraints.values():
                constraint.after_update(self.network)
        return terms, record

    def state_dict(self) -> dict[str, Any]:
        """The state to resume from."""
        return {
            "optimizer": self.optimizer.torch.state_dict(),
            "scaler": self.scaler.state_dict(),
            "penalties": self.objective.penalties.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume from a `state_dict`; learning rates and betas stay those of the settings."""
        self.optimizer.load_state_dict(state["optimizer"])
        if state["scaler"]:  # empty if it was trained in another precision
            self.scaler.load_state_dict(state["scaler"])
        self.objective.penalties.load_state_dict(state["penalties"])


def make_updates(
    generator: nn.Module,
    critic: BoundCritic,
    loss: Loss,
    penalties: Mapping[str, AnyPenalty],
    constraints: Mapping[str, Constraint],
    training: TrainingConfig,
    optimizers: tuple[OptimizerChoice | None, OptimizerChoice | None],
    *,
    joint_forward: bool,
) -> tuple[Update, Update]:
    """The updates of the discriminator and of the generator.

    Args:
        generator: makes the fakes.
        critic: the discriminator.
        loss: the adversarial loss.
        penalties: of both networks, by name.
        constraints: on the weights of both networks, by name.
        training: optimizer, learning rates and bounds of gradients.
        optimizers: the caller's own, of discriminator and generator; None for that of `training`.
        joint_forward: run the discriminator on real and fake images in one pass.
    """
    # Objectives.
    execution = critic.execution
    of_discriminator = {name: p for name, p in penalties.items() if isinstance(p, Penalty)}
    of_generator = {name: p for name, p in penalties.items() if isinstance(p, GeneratorPenalty)}
    on_discriminator, on_generator = (
        {name: c for name, c in constraints.items() if c.applies_to(network)}
        for network in ("discriminator", "generator")
    )
    discriminator_objective = DiscriminatorObjective(
        generator, critic, loss, of_discriminator, on_discriminator
    )
    discriminator_objective.joint_forward = joint_forward
    generator_objective = GeneratorObjective(generator, critic, loss, of_generator, on_generator)

    # Optimizers.
    def update(
        objective: AnyObjective,
        network: nn.Module,
        name: NetworkName,
        own: OptimizerChoice | None,
    ) -> Update:
        optimizer = (
            OwnOptimizer(network, name, own)
            if own is not None
            else NetworkOptimizer(
                network, name, training, capturable=execution.captures_graphs, fused=execution.fused
            )
        )
        norm = training.of_network("max_grad_norm", name)
        return Update(objective.to(execution.device), network, optimizer, execution, norm)

    return (
        update(discriminator_objective, critic.discriminator, "discriminator", optimizers[0]),
        update(generator_objective, generator, "generator", optimizers[1]),
    )
