"""Optimizers by name, fused where torch can, and what keeps parameters from being trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn, optim

from ganzoo.config import TrainingConfig


def make_optimizer(
    training: TrainingConfig,
    lr: float,
    parameters: Iterable[nn.Parameter],
    *,
    capturable: bool = False,
    fused: bool = True,
) -> optim.Optimizer:
    """The optimizer a config names, at a learning rate, for one network's parameters.

    Args:
        training: names it and gives its betas.
        lr: the learning rate.
        parameters: of the network, on their device.
        capturable: whether its steps are to be recorded in a CUDA graph.
        fused: in one pass over the weights, where torch can.
    """
    parameters = list(parameters)
    first, second = training.betas
    whole = fused or None  # None leaves the choice to torch, which takes its for-each
    match training.optimizer:
        case "adam":
            return optim.Adam(parameters, lr, (first, second), fused=whole, capturable=capturable)
        case "adamw":
            return optim.AdamW(parameters, lr, (first, second), fused=whole, capturable=capturable)
        case "rmsprop":
            return optim.RMSprop(
                parameters, lr, alpha=second, momentum=first, capturable=capturable
            )
        case "sgd":
            return optim.SGD(parameters, lr, momentum=first, fused=whole)


@contextmanager
def frozen(parameters: Iterable[nn.Parameter]) -> Iterator[None]:
    """No gradients for parameters, only through what they are part of."""
    trainable = [p for p in parameters if p.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)
