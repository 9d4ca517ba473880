"""Initial weights of the networks."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

INITIALIZATIONS: dict[str, Callable[[Tensor], object]] = {
    "orthogonal": nn.init.orthogonal_,
    "glorot": nn.init.xavier_uniform_,
    "normal": lambda weight: nn.init.normal_(weight, 0.0, 0.02),
}


def initialize(network: nn.Module, name: str) -> None:
    """Draw the weights of all layers and embeddings of a network, and set its biases to 0.

    Args:
        network: changed in place.
        name: of `INITIALIZATIONS`.
    """
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear, nn.Embedding)):
            INITIALIZATIONS[name](layer.weight)
        if isinstance(layer, (nn.Conv2d, nn.Linear)) and layer.bias is not None:
            nn.init.zeros_(layer.bias)
