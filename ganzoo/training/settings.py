"""The settings of a training: those given, above those that the loss's paper recommends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import nn

from ganzoo.config import ExecutionConfig, ImageConfig, TrainingConfig, merged, sorted_settings
from ganzoo.errors import PluginError, UsageError, setting
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.settings import Settings

NOT_OF_A_TRAINER = {"workers", "threads", *ImageConfig.model_fields} - {"horizontal_flip"}
"""Settings that concern how images are loaded, or the whole program."""


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
) -> Resolved:
    """Merge config objects, flat settings (which win) and the loss's settings (which yield).

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
            f"'{foreign[0]}' cannot be set here. A Trainer neither loads images nor writes a run "
            "directory (ganzoo.train does), and an Execution that is made already is not changed"
        )
    if unknown := set(paper) - set(TrainingConfig.model_fields):
        raise PluginError(f"the loss recommends unknown settings {sorted(unknown)}")

    # Merge, the strongest last.
    training = merged(TrainingConfig, paper, training, sections.get("training"))
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
