"""Optimizers by name."""

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
    fused: bool = True,
) -> optim.Optimizer:
    """The optimizer of one network.

    Args:
        training: names the optimizer and its betas.
        lr: the learning rate.
        parameters: of the network, on their device.
        capturable: whether its steps can be captured as a graph.
        fused: use fused kernels where torch has them.
    """
    parameters = list(parameters)
    first, second = training.betas
    fuse = fused or None  # None lets torch choose, which takes its for-each kernels
    match training.optimizer:
        case "adam":
            return optim.Adam(parameters, lr, (first, second), fused=fuse, capturable=capturable)
        case "adamw":
            return optim.AdamW(parameters, lr, (first, second), fused=fuse, capturable=capturable)
        case "rmsprop":
            return optim.RMSprop(
                parameters, lr, alpha=second, momentum=first, capturable=capturable
            )
        case "sgd":
            return optim.SGD(parameters, lr, momentum=first, fused=fuse)
