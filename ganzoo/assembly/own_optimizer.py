"""An optimizer that a library user made, in place of one by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn
from torch.optim import LBFGS, Optimizer

from ganzoo.errors import UsageError, shown
from ganzoo.interfaces.schedule import Progress
from ganzoo.training.optimizers import NetworkName

OptimizerChoice = Optimizer | Callable[[list[nn.Parameter]], Optimizer]
"""An optimizer, or a function from the parameters of a network to one."""


class OwnOptimizer:
    """The optimizer of one network, made by a library user.

    Args:
        network: its parameters that require gradients are trained.
        name: `"generator"` or `"discriminator"`, for messages.
        choice: the optimizer, or what makes it.

    Attributes:
        torch: the optimizer of torch; learning rate and betas are saved with its state.
        parameters: those it trains.

    Raises:
        UsageError: it is none, or has other parameters than those of the network.
    """

    obstacle_to_capture = (
        "an optimizer of your own may wait for the device, or change its learning rate"
    )

    def __init__(self, network: nn.Module, name: NetworkName, choice: OptimizerChoice) -> None:
        # Make it.
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        optimizer = choice
        if not isinstance(choice, Optimizer) and callable(choice):
            optimizer = choice(self.parameters)
        if not isinstance(optimizer, Optimizer) or isinstance(optimizer, LBFGS):
            raise UsageError(
                f"{name}_optimizer must be an optimizer of torch that steps without a closure, or "
                "a function from parameters to one: "
                f"{name}_optimizer=lambda parameters: torch.optim.Adam(parameters, lr=2e-4); got "
                f"{shown(optimizer)}"
            )

        # Compare its parameters with the network's.
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        wanted = {id(p): n for n, p in network.named_parameters() if p.requires_grad}
        if held - wanted.keys():
            raise UsageError(
                f"{name}_optimizer has parameters that are none of the {name}'s, or that a "
                "constraint has replaced. Give a function instead of an optimizer: it gets those "
                f"to train, {name}_optimizer=lambda parameters: torch.optim.…(parameters, …)"
            )
        if left_out := [n for key, n in wanted.items() if key not in held]:
            raise UsageError(
                f"{name}_optimizer leaves {len(left_out)} parameters of the {name} out, the first "
                f"is '{left_out[0]}'. Freeze what is not to be trained: "
                "parameter.requires_grad_(False)"
            )
        self.torch = optimizer

    def at(self, progress: Progress) -> None:
        """Change nothing: learning rate and betas are the user's to schedule."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load the state, learning rate and betas among it."""
        self.torch.load_state_dict(dict(state))
