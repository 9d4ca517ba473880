"""What a training is set to: the user's choices, then the loss's paper's, then the engine's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo import registry
from ganzoo.config import TrainingConfig
from ganzoo.errors import PluginError
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty
from ganzoo.interfaces.values import Demands, Settings

AnyPenalty = Penalty | GeneratorPenalty


def default_penalties(loss: Loss) -> dict[str, AnyPenalty]:
    """The penalties a loss brings, built with its own options."""
    return {
        name: registry.create("penalty", name, **dict(options))
        for name, options in loss.default_penalties().items()
    }


def combined_demands(loss: Loss, penalties: Iterable[AnyPenalty]) -> Demands:
    """What a loss and its penalties together ask of the networks."""
    demands = loss.demands()
    for penalty in penalties:
        demands |= penalty.demands()
    return demands


def resolve_training(given: Mapping[str, Any], paper: Settings) -> TrainingConfig:
    """The training settings: those given, then the paper's, then the engine's.

    Raises:
        UsageError: an unknown setting, or a value out of range.
    """
    known = TrainingConfig.model_fields
    if unknown := set(paper) - set(known):
        raise PluginError(f"the loss brings unknown settings {sorted(unknown)}")
    return registry.validated(TrainingConfig, {**paper, **given})
