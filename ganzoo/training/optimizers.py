"""Optimizers by name, with learning rates and betas that may follow a schedule."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import torch
from torch import nn, optim

from ganzoo.config import TrainingConfig
from ganzoo.errors import PluginError, UsageError, did_you_mean, setting
from ganzoo.interfaces.schedule import Progress, Schedule, value_at

NetworkName = Literal["generator", "discriminator"]


class AnyOptimizer(Protocol):
    """The optimizer of one network, by name or made by a library user.

    Attributes:
        torch: the optimizer of torch.
        parameters: those it trains.
    """

    torch: optim.Optimizer
    parameters: list[nn.Parameter]

    @property
    def obstacle_to_capture(self) -> str:
        """Why a recorded step would not do what it does; empty if it would."""

    def at(self, progress: Progress) -> None:
        """Set what is scheduled."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load a state of `torch`."""


CLOSURES = {"lbfgs"}
"""Optimizers of torch that evaluate the loss several times in a step, which a GAN cannot."""


def optimizer_class(name: str) -> type[optim.Optimizer]:
    """The class of `torch.optim` of this name.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    classes = {
        word.lower(): value
        for word, value in vars(optim).items()
        if isinstance(value, type) and issubclass(value, optim.Optimizer)
    }
    known = sorted(classes.keys() - CLOSURES - {"optimizer", "sparseadam"})
    if name not in known:
        raise UsageError(
            f"{setting('optimizer', name)}: torch.optim has none of this name."
            f"{did_you_mean(name, known)} There are {', '.join(known)}"
        )
    return classes[name]


def _tunable(optimizer: type[optim.Optimizer]) -> set[str]:
    """The settings that an optimizer accepts, where they mean what they mean elsewhere."""
    parameters = inspect.signature(optimizer).parameters
    return {
        name
        for name, parameter in parameters.items()
        if name != "eps" or isinstance(parameter.default, float)  # Adafactor has two
    }


def _moments(
    optimizer: type[optim.Optimizer], betas: tuple[float | Schedule, ...], progress: Progress
) -> dict[str, Any]:
    """Betas under the names that optimizers have for them."""
    first, second = (value_at(beta, progress) for beta in betas)
    moments = {"betas": (first, second), "momentum": first, "alpha": second}
    if optimizer is optim.ASGD:  # whose alpha is something else
        del moments["alpha"]
    return moments


class NetworkOptimizer:
    """The optimizer of one network.

    Args:
        network: its parameters that require gradients are trained.
        name: `"generator"` or `"discriminator"`, whose settings are used.
        training: names the optimizer, its learning rates, betas, epsilon and weight decay.
        capturable: whether its steps can be captured as a graph.
        fused: use fused kernels where torch has them.

    Attributes:
        torch: the optimizer of torch.
        parameters: those it trains.
        betas_scheduled: whether a beta follows a schedule.

    Raises:
        UsageError: there is no such optimizer, or it has no such setting.
        PluginError: the network has nothing to train.
    """

    def __init__(
        self,
        network: nn.Module,
        name: NetworkName,
        training: TrainingConfig,
        *,
        capturable: bool = False,
        fused: bool = True,
    ) -> None:
        # What is trained.
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        if not self.parameters:
            raise PluginError(f"the {name} has no parameters that require gradients")

        # Settings of this network.
        self.lr: float | Schedule = getattr(training, f"{name}_lr")
        self.betas: tuple[float | Schedule, ...] = training.of_network("betas", name)
        self.betas_scheduled = any(isinstance(beta, Schedule) for beta in self.betas)
        start = Progress(0, 0)
        make = optimizer_class(training.optimizer)
        accepted = _tunable(make)
        options: dict[str, Any] = {}
        for key in ("eps", "weight_decay"):
            value = training.of_network(key, name)
            if value is not None and key not in accepted:
                raise UsageError(f"{setting('optimizer', training.optimizer)} has no {key}")
            if value is not None:
                options[key] = value

        moments = _moments(make, self.betas, start)
        options |= {key: value for key, value in moments.items() if key in accepted}

        # None lets torch choose, which takes its for-each kernels.
        switches = {"fused": fused or None, "capturable": capturable}
        options |= {key: value for key, value in switches.items() if key in accepted}

        # A graph reads a scheduled learning rate from a tensor.
        lr: Any = value_at(self.lr, start)
        if capturable and isinstance(self.lr, Schedule):
            lr = torch.tensor(lr, device=self.parameters[0].device)
        try:
            self.torch = make(self.parameters, **{"lr": lr, **options})
        except ValueError as error:
            raise UsageError(
                f"{setting('optimizer', training.optimizer)} cannot train the {name}: {error}"
            ) from None
        self._settings = {
            key: self.torch.param_groups[0][key]
            for key in ("lr", "eps", "weight_decay", "capturable", "fused", "foreach", *moments)
            if key in self.torch.param_groups[0]
        }

    @property
    def obstacle_to_capture(self) -> str:
        """Betas that follow a schedule; else empty."""
        if self.betas_scheduled:
            return "betas that follow a schedule are constants in a captured step"
        return ""

    def at(self, progress: Progress) -> None:
        """Set the learning rate and the betas of a progress, where they are scheduled."""
        if isinstance(self.lr, Schedule):
            for group in self.torch.param_groups:
                value = self.lr.at(progress)
                if isinstance(group["lr"], torch.Tensor):
                    group["lr"].fill_(value)
                else:
                    group["lr"] = value
        if self.betas_scheduled:
            values = _moments(type(self.torch), self.betas, progress)
            for group in self.torch.param_groups:
                group.update((key, value) for key, value in values.items() if key in group)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load moments and the count of steps; the settings stay."""
        self.torch.load_state_dict(dict(state))
        for group in self.torch.param_groups:
            group.update(self._settings)
