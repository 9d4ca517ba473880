"""Optimizers by name, fused where torch can."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn, optim

from ganzoo.config import TrainingConfig


def make_optimizer(
    training: TrainingConfig,
    lr: float,
    parameters: Iterable[nn.Parameter],
    *,
    capturable: bool = False,
) -> optim.Optimizer:
    """The optimizer a config names, at a learning rate, for one network's parameters.

    Args:
        training: names it and gives its betas.
        lr: the learning rate.
        parameters: of the network, on their device.
        capturable: whether its steps are to be recorded in a CUDA graph.
    """
    parameters = list(parameters)
    first, second = training.betas
    match training.optimizer:
        case "adam":
            return optim.Adam(parameters, lr, (first, second), fused=True, capturable=capturable)
        case "adamw":
            return optim.AdamW(parameters, lr, (first, second), fused=True, capturable=capturable)
        case "rmsprop":
            return optim.RMSprop(
                parameters, lr, alpha=second, momentum=first, capturable=capturable
            )
        case "sgd":
            return optim.SGD(parameters, lr, momentum=first, fused=True)
