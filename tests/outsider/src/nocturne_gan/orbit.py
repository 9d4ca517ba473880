"""Orbit: a constraint that keeps weights within the sphere that they were initialized on."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

import ganzoo


class Orbit(ganzoo.Constraint):
    """|w| <= |w_0| for each weight matrix w, with w_0 its initial value.

    After Karras et al. 2024 (arXiv:2312.02696), who rescale weights to a fixed norm after each
    update. The norms are kept in buffers of the layers, as a constraint has no state of its own.
    """

    def wrap(self, network: nn.Module) -> None:
        """Note the initial norms; weights that start at zero are free."""
        noted = 0
        for layer in network.modules():
            for name, weight in [*layer.named_parameters(recurse=False)]:
                if weight.requires_grad and weight.ndim > 1 and weight.any():
                    layer.register_buffer(f"{name}_radius", weight.detach().norm())
                    noted += 1
        if not noted:
            raise ganzoo.Unsupported(
                "orbit needs a network with weight matrices that are trained; leave the constraint "
                "out, or choose another architecture"
            )

    def after_update(self, network: nn.Module) -> None:
        """Scale down what has left its sphere."""
        for weight, radius in orbits(network):
            weight.mul_((radius / weight.norm().clamp(min=1e-12)).clamp(max=1))


def orbits(network: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    """The weights of a network that have a noted norm, with it."""
    for layer in network.modules():
        buffers = dict(layer.named_buffers(recurse=False))
        for name, weight in layer.named_parameters(recurse=False):
            if f"{name}_radius" in buffers:
                yield weight, buffers[f"{name}_radius"]
