"""Constraint: what the weights of a network have to satisfy."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping

from torch import Tensor, nn

from ganzoo.interfaces.architecture import Networks
from ganzoo.interfaces.options import ConstraintOptions


class Constraint(ABC):
    """A constraint on the weights of the discriminator, the generator or both, by their layers.

    It does one or more of three things:

    - `wrap(network)` replaces weights by functions of weights, once after the network is built
      (spectral normalization);
    - `after_update(network)` changes the weights after each update (weight clipping);
    - `penalty(network)` is a term of the network's loss (orthogonal regularization).

    It changes trainable parameters only: those that did not require gradients when the network was
    built are frozen parts, and stay as they are. It keeps no state of its own: state belongs in
    buffers that `wrap` registers in the network. It is made with one argument, its validated
    options, a subclass of `ganzoo.ConstraintOptions`, whose `networks` say where it applies.
    """

    options: ConstraintOptions

    def __init__(self, options: ConstraintOptions | None = None) -> None:
        self.options = ConstraintOptions() if options is None else options

    def applies_to(self, network: str) -> bool:
        """Whether it constrains the `"discriminator"` or the `"generator"`."""
        return self.options.networks in (network, "both")

    def wrap(self, network: nn.Module) -> None:  # noqa: B027  # optional
        """Prepare a freshly built network, in place, on the CPU.

        Raises:
            Unsupported: the network has no layers of the kind; the message says which it needs.
        """

    def after_update(self, network: nn.Module) -> None:  # noqa: B027  # optional
        """Called without gradients after each update of the network."""

    def penalty(self, network: nn.Module) -> Tensor | None:
        """A weighted scalar, differentiable in the parameters; None if there is none."""
        return None

    def settle(self, generator: nn.Module) -> None:  # noqa: B027  # optional
        """Prepare a copy of the averaged generator for sampling, where it constrains generators."""


def wrap(networks: Networks, constraints: Mapping[str, Constraint]) -> None:
    """Let constraints prepare the networks that they apply to, in place."""
    for constraint in constraints.values():
        for name, network in networks._asdict().items():
            if constraint.applies_to(name):
                constraint.wrap(network)
