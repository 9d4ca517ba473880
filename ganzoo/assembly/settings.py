"""The settings of a training: those given, above those that the loss's paper recommends."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from torch import nn

from ganzoo.config import ExecutionConfig, ImageConfig, TrainingConfig, merged, sorted_settings
from ganzoo.config.run_config import STEP_LENGTHS
from ganzoo.errors import PluginError, UsageError, setting
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.settings import Settings
from ganzoo.training.optimizers import NetworkName, optimizer_class

NOT_OF_A_TRAINER = {"workers", "threads", "init_from", *ImageConfig.model_fields} - {
    "horizontal_flip"
}
"""Settings that concern how images are loaded, other runs, or the whole program."""


NETWORKS: tuple[NetworkName, ...] = ("generator", "discriminator")

OPTIMIZER_SETTINGS = ("betas", "eps", "weight_decay")
"""Settings of both optimizers, which each may have for itself."""


class Resolved(NamedTuple):
    """What a trainer works by."""

    training: TrainingConfig
    execution: Execution
    image: ImageConfig


def resolve_settings(
    training: TrainingConfig | None,
    execution: Execution | ExecutionConfig | None,
    image: ImageConfig | None,
    flat: Mapping[str, Any],
    paper: Settings,
    networks: Sequence[nn.Module],
    own_optimizers: Sequence[NetworkName] = (),
) -> Resolved:
    """Merge config objects, flat settings (which win) and the loss's settings (which yield).

    Settings of networks with `own_optimizers` are refused.

    Raises:
        UsageError: an unknown setting, one that is not of a trainer, or a value out of range.
        PluginError: the loss recommends a setting that does not exist.
    """
    # Refuse what would be ignored.
    sections = sorted_settings(flat)
    foreign = [*sections.get("logging", {}), *(NOT_OF_A_TRAINER & set(flat))]
    if isinstance(execution, Execution):
        foreign += sections.get("execution", {})
    if foreign:
        raise UsageError(
            f"'{foreign[0]}' cannot be set here: it is for ganzoo.train, which decodes images and "
            "writes a run directory. An Execution that is made already is not changed either"
        )
    refuse_unused(own_optimizers, (training.model_fields_set if training else set()) | set(flat))
    if unknown := set(paper) - set(TrainingConfig.model_fields):
        raise PluginError(f"the loss recommends unknown settings {sorted(unknown)}")

    # Merge, the strongest last.
    own = training.model_dump(exclude_unset=True) if training else {}
    layers = [*one_length([sections.get("training", {}), own, paper])]
    training = merged(TrainingConfig, *reversed(layers))
    check_training(training)
    image = merged(ImageConfig, image, sections.get("image"))
    if isinstance(execution, Execution):
        if execution.batch_size != training.batch_size:
            raise UsageError(
                f"the execution was made for batches of {execution.batch_size} images, and "
                f"{setting('batch_size', training.batch_size)}"
            )
    else:
        config = merged(ExecutionConfig, execution, sections.get("execution"))
        execution = Execution(config, networks, training.batch_size)
    return Resolved(training, execution, image)


def refuse_unused(own_optimizers: Sequence[NetworkName], given: Collection[str]) -> None:
    """Refuse settings of optimizers that the caller made.

    Raises:
        UsageError: names the setting.
    """
    unused = {
        f"{network}_{name}" for network in own_optimizers for name in ("lr", *OPTIMIZER_SETTINGS)
    }
    if len(own_optimizers) == len(NETWORKS):
        unused |= {"optimizer", *OPTIMIZER_SETTINGS}
    if ignored := unused & set(given):
        owners = " and ".join(f"{network}_optimizer" for network in own_optimizers)
        raise UsageError(
            f"{min(ignored)} would be ignored beside {owners}: set it in that optimizer. A "
            "schedule of torch is stepped by an observer: ganzoo.Observer.step"
        )


def one_length(layers: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Layers of settings, the strongest first, without the lengths that a stronger one replaces.

    Raises:
        UsageError: see `check_one_length`.
    """
    known = False
    for layer in layers:
        yield {name: value for name, value in layer.items() if not (known and name in STEP_LENGTHS)}
        said = {name: value for name, value in layer.items() if name in STEP_LENGTHS}
        check_one_length(said)
        known = known or any(value is not None for value in said.values())


def check_one_length(lengths: Mapping[str, Any]) -> None:
    """Refuse steps, kimg and epochs beside each other.

    Raises:
        UsageError: names them.
    """
    said = [setting(name, lengths[name]) for name in STEP_LENGTHS if lengths.get(name) is not None]
    if len(said) > 1:
        raise UsageError(f"say how long to train in one way: {' or '.join(said)}")


def check_training(training: TrainingConfig) -> None:
    """Refuse an optimizer that does not exist, and settings that contradict each other.

    Raises:
        UsageError: names them.
    """
    optimizer_class(training.optimizer)
    if training.ema_rampup is not None and training.ema_halflife is None:
        raise UsageError(
            f"{setting('ema_rampup', training.ema_rampup)} bounds a half-life, and there is none: "
            f"add {setting('ema_halflife', 10)}, in thousands of images"
        )
