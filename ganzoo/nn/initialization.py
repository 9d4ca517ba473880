"""Initial weights of networks, as the papers of convolutional GANs draw them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from torch import nn

from ganzoo.errors import UsageError, shown
from ganzoo.nn.normalization import ClassBatchNorm2d

Initialization = Literal["glorot", "orthogonal", "normal"]
"""Glorot (Xavier) uniform, orthogonal, or N(0, 0.02)."""

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.Embedding)


def initialize(
    network: nn.Module, initialization: Initialization, *, relu: Collection[nn.Module] = ()
) -> None:
    """Draw the weights of convolutions, linear layers and embeddings; biases become 0.

    Normalization keeps its gains and biases, those of `ClassBatchNorm2d` too.

    Args:
        network: changed in place.
        initialization: `"glorot"` (uniform), `"orthogonal"`, or `"normal"` with std 0.02.
        relu: layers that Glorot's distribution gives the gain sqrt(2) of a ReLU, and not 1.

    Raises:
        UsageError: there is no such initialization.
    """
    if initialization not in (known := get_args(Initialization)):
        raise UsageError(f"initialization is {shown(initialization)}, but should be one of {known}")
    norms = [module for module in network.modules() if isinstance(module, ClassBatchNorm2d)]
    kept = {embedding for norm in norms for embedding in (norm.gain, norm.bias)}
    for layer in network.modules():
        if not isinstance(layer, LAYERS) or layer in kept:
            continue
        if initialization == "glorot":
            nn.init.xavier_uniform_(layer.weight, 2**0.5 if layer in relu else 1.0)
        elif initialization == "orthogonal":
            nn.init.orthogonal_(layer.weight)
        else:
            nn.init.normal_(layer.weight, 0.0, 0.02)
        if not isinstance(layer, nn.Embedding) and layer.bias is not None:
            nn.init.zeros_(layer.bias)
