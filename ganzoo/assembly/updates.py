"""The updates of both networks are made: objectives, optimizers, bounds of gradients."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from ganzoo.assembly.own_optimizer import OptimizerChoice, OwnOptimizer
from ganzoo.config import TrainingConfig
from ganzoo.interfaces.constraint import Constraint
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty, GeneratorPenalty, Penalty
from ganzoo.training.critic import BoundCritic
from ganzoo.training.objectives import DiscriminatorObjective, GeneratorObjective
from ganzoo.training.optimizers import NetworkName, NetworkOptimizer
from ganzoo.training.updates import AnyObjective, Update


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
