"""The settings of a training: those given, above those that the loss's paper recommends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ganzoo.config import ExecutionConfig, ImageConfig, TrainingConfig, merged, sorted_settings
from ganzoo.errors import PluginError, UsageError
from ganzoo.interfaces.settings import Settings

NOT_OF_A_TRAINER = {"workers", "threads", *ImageConfig.model_fields} - {"horizontal_flip"}
"""Settings that concern how images are loaded, or the whole program."""


class Configs(NamedTuple):
    """The sections of a config that a trainer needs."""

    training: TrainingConfig
    execution: ExecutionConfig
    image: ImageConfig


def resolve_settings(
    training: TrainingConfig | None,
    execution: ExecutionConfig | None,
    image: ImageConfig | None,
    flat: Mapping[str, Any],
    paper: Settings,
) -> Configs:
    """Merge config objects, flat settings (which win) and the loss's settings (which yield).

    Raises:
        UsageError: an unknown setting, one that is not of a trainer, or a value out of range.
        PluginError: the loss recommends a setting that does not exist.
    """
    sections = sorted_settings(flat)
    foreign = [*sections.pop("logging", {}), *(NOT_OF_A_TRAINER & set(flat))]
    if foreign:
        raise UsageError(
            f"'{foreign[0]}' is a setting of ganzoo.train; a Trainer neither loads images nor "
            "writes a run directory"
        )
    if unknown := set(paper) - set(TrainingConfig.model_fields):
        raise PluginError(f"the loss recommends unknown settings {sorted(unknown)}")
    return Configs(
        merged(TrainingConfig, paper, training, sections.get("training")),
        merged(ExecutionConfig, execution, sections.get("execution")),
        merged(ImageConfig, image, sections.get("image")),
    )
