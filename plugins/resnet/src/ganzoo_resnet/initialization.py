"""Initial weights of the networks."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

import ganzoo
from ganzoo_resnet.networks import DownBlock, FirstBlock, UpBlock

Initialization = Literal["glorot", "orthogonal", "normal"]


def initialize(network: nn.Module, initialization: Initialization) -> None:
    """Draw the weights of a network and set its biases to 0.

    Gains of norm layers stay at 1.

    Args:
        network: changed in place.
        initialization: Glorot uniform with gain sqrt(2) for the convolutions of residual branches
            and 1 for other layers, orthogonal, or N(0, 0.02).
    """
    # Layers with another rule.
    residual: set[nn.Module] = set()
    gains_and_biases: set[nn.Module] = set()
    for module in network.modules():
        if isinstance(module, (UpBlock, FirstBlock, DownBlock)):
            residual |= {module.conv1, module.conv2}
        if isinstance(module, ganzoo.nn.ClassBatchNorm2d):
            gains_and_biases |= {module.gain, module.bias}

    # Weights and biases.
    for module in network.modules():
        if not isinstance(module, (nn.Conv2d, nn.Linear, nn.Embedding)):
            continue
        if module in gains_and_biases:
            continue
        _draw(module.weight, initialization, gain=2**0.5 if module in residual else 1.0)
        if not isinstance(module, nn.Embedding) and module.bias is not None:
            nn.init.zeros_(module.bias)


def _draw(weight: Tensor, initialization: Initialization, gain: float) -> None:
    if initialization == "glorot":
        nn.init.xavier_uniform_(weight, gain)
    elif initialization == "orthogonal":
        nn.init.orthogonal_(weight)
    else:
        nn.init.normal_(weight, 0.0, 0.02)
