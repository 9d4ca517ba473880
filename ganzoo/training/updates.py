"""One update of one network: the gradient of its objective, then a step of its optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.execution.execution import Execution
from ganzoo.interfaces.schedule import Progress
from ganzoo.training.objectives import DiscriminatorObjective, GeneratorObjective
from ganzoo.training.optimizers import AnyOptimizer
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
        optimizer: AnyOptimizer,
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
