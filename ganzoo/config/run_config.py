"""RunConfig: the components of a run and the sections of its settings, as one tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ganzoo.config.schema import (
    ExecutionConfig,
    ImageConfig,
    LoggingConfig,
    Section,
    TrainingConfig,
)
from ganzoo.errors import UsageError, did_you_mean
from ganzoo.interfaces.options import validated

KeyPath = tuple[str, ...]

S = TypeVar("S", bound=Section)


class ComponentChoice(BaseModel):
    """Which component to use; every other key is one of its own options."""

    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="constants")

    name: str = Field(description="Name of the component, or distribution/name.")

    @property
    def options(self) -> dict[str, Any]:
        """The component's options as given."""
        return dict(self.model_extra or {})


class RunConfig(Section):
    """Everything that determines a run. `ganzoo.train(config)` and `--config FILE` take it.

    Raises:
        pydantic.ValidationError: a setting of any section is unknown, missing or out of range.
    """

    arch: ComponentChoice
    loss: ComponentChoice
    data: ComponentChoice
    penalty: dict[str, dict[str, Any]] = Field(
        default={}, description="Penalties by name, each with its options."
    )
    augment: dict[str, dict[str, Any]] = Field(
        default={}, description="Augmentations by name in their order, each with its options."
    )
    constraint: dict[str, dict[str, Any]] = Field(
        default={}, description="Constraints on weights by name, each with its options."
    )
    image: ImageConfig = ImageConfig()
    training: TrainingConfig = TrainingConfig()
    execution: ExecutionConfig = ExecutionConfig()
    logging: LoggingConfig = LoggingConfig()
    observer: dict[str, dict[str, Any]] = Field(
        default={}, description="Observers by name, each with its options."
    )

    @field_validator("arch", "loss", "data", mode="before")
    @classmethod
    def _name_alone(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("penalty", "augment", "constraint", "observer")
    @classmethod
    def _none_is_no_component(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if value.get(NONE):
            raise ValueError(
                f"'{NONE}' leaves out what a recipe or paper brings; it has no options"
            )
        return value

    def named(self, section: str) -> dict[str, dict[str, Any]]:
        """Components of `"penalty"` or another section of several, by name with their options."""
        tables: dict[str, dict[str, Any]] = getattr(self, section)
        return {name: options for name, options in tables.items() if name != NONE}


NONE = "none"
"""Among the names of a section of several: leave out what weaker layers name, as a recipe's."""

STEP_LENGTHS = ("steps", "kimg", "epochs")
"""Settings that say in one way or another how many steps to train."""

LENGTHS = (*STEP_LENGTHS, "minutes")
"""Settings that say how long to train."""

SEVERAL = ("penalty", "augment", "constraint", "observer")
"""Sections that hold a table for each component, by name."""

SECTIONS: dict[str, type[Section]] = {
    "image": ImageConfig,
    "training": TrainingConfig,
    "execution": ExecutionConfig,
    "logging": LoggingConfig,
}
"""Sections of plain settings, in the order in which help and reference show them."""

SETTINGS: dict[str, KeyPath] = {
    name: (section, name) for section, model in SECTIONS.items() for name in model.model_fields
}
"""Every plain setting by its flat name: an argument of `ganzoo.train`, and a flag."""


def sorted_settings(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Flat settings, `{"batch_size": 32, "device": "cpu"}`, by section; None counts as not given.

    Raises:
        UsageError: there is no setting of this name.
    """
    sections: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        if name not in SETTINGS:
            raise UsageError(
                f"no setting '{name}'.{did_you_mean(name, SETTINGS)} "
                f"There are {', '.join(sorted(SETTINGS))}."
            )
        if value is not None:
            section, _ = SETTINGS[name]
            sections.setdefault(section, {})[name] = value
    return sections


def merged(model: type[S], *layers: Section | Mapping[str, Any] | None) -> S:
    """A section from several layers, the strongest last; what none sets has its default.

    Raises:
        UsageError: a line for each value that is unknown or out of range.
    """
    values: dict[str, Any] = {}
    for layer in layers:
        if isinstance(layer, Section):
            layer = layer.model_dump(exclude_unset=True)
        values |= layer or {}
    return validated(model, values)
