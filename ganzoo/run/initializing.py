"""Starting from the weights of another run: transfer learning and fine-tuning."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn

from ganzoo.assembly.trainer import Trainer
from ganzoo.config import TrainingConfig
from ganzoo.errors import GanzooWarning, UsageError, setting
from ganzoo.run.checkpoints import read_weights
from ganzoo.run.run import Run


def source_of(training: TrainingConfig) -> Run | None:
    """The run whose weights a new run starts from; None for none.

    Raises:
        UsageError: there is no such run, or it has no checkpoint.
    """
    if training.init_from is None:
        return None
    run = Run(training.init_from)
    _ = run.checkpoint
    return run


def initialize_from(trainer: Trainer, source: Run) -> dict[str, Any]:
    """Load the weights of a run's latest checkpoint, by name and shape, into a new trainer.

    What the run has not, or has in another shape (another size, other classes), keeps its initial
    value. Optimizers, penalties and augmentations start anew.

    Args:
        trainer: before its first step.
        source: the run.

    Returns:
        facts for the provenance: the run, the step, and how much of each network was loaded.

    Raises:
        UsageError: nothing of it fits.
        GanzooError: its weights are damaged.
    """
    networks = {
        "generator": trainer.generator,
        "discriminator": trainer.discriminator,
        "ema": trainer.ema.module,
    }
    missing = {
        name: load_matching(network, read_weights(source.checkpoint, name))
        for name, network in networks.items()
    }
    tensors = {name: network.state_dict() for name, network in networks.items()}

    # Say what is not loaded; a few biases of another architecture are no start.
    for name in ("generator", "discriminator"):
        matrices = {key for key, tensor in tensors[name].items() if tensor.ndim > 1}
        if matrices and matrices <= set(missing[name]):
            raise UsageError(
                f"{setting('init_from', source.path)}: no layer of that run's {name} has the name "
                "and the shape of one here; use its architecture, with its options"
            )
        if missing[name]:
            message = (
                f"{setting('init_from', source.path)}: these tensors of the {name} have no "
                "counterpart in that run, and keep their initial values: "
                f"{', '.join(missing[name])}"
            )
            warnings.warn(GanzooWarning(message), stacklevel=2)
    loaded = {name: len(tensors[name]) - len(missing[name]) for name in networks}
    return {
        "run": str(source.path),
        "step": source.manifest.step,
        "loaded": {name: f"{loaded[name]} of {len(tensors[name])} tensors" for name in networks},
    }


@torch.no_grad()
def load_matching(network: nn.Module, weights: dict[str, torch.Tensor]) -> list[str]:
    """Copy the tensors that have the name and shape of one of the network's.

    Returns:
        the names of the network's tensors that keep their value.
    """
    missing = []
    for name, tensor in network.state_dict().items():
        if name in weights and weights[name].shape == tensor.shape:
            tensor.copy_(weights[name])
        else:
            missing.append(name)
    return missing
