"""Options: the typed, documented, validated settings of one component. Imports no torch."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Base class of a component's options: a pydantic model, frozen, that forbids unknown keys.

    Give every field a default, bounds where they exist and a description; `ganzoo show` prints
    them and every error quotes them. The field name `name` is taken by the component's own.

        class CriticOptions(ganzoo.Options):
            base_channels: int = Field(64, ge=1, description="Channels of the widest image.")
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, coerce_numbers_to_str=True
    )


class NoOptions(Options):
    """The options of a component that has none."""


class PenaltyOptions(Options):
    """What every penalty can be asked; a penalty's own options derive from it."""

    weight: float = Field(
        1.0, ge=0.0, description="Factor of the penalty in the loss; 0 switches it off."
    )
    interval: int = Field(
        1,
        ge=1,
        description="Apply it at every n-th update, n times as strong (lazy regularization, "
        "Karras et al. 2020).",
    )


class OptionHelp(NamedTuple):
    """What a person should know of one option, each field as text."""

    name: str
    type: str
    default: str
    range: str
    description: str


def describe(model: type[BaseModel]) -> list[OptionHelp]:
    """The options of a model, in the order they are declared."""
    return [
        OptionHelp(
            name=name,
            type=_type_name(field.annotation),
            default="required" if field.is_required() else _value(field.get_default()),
            range=_range(field.metadata),
            description=field.description or "",
        )
        for name, field in model.model_fields.items()
    ]


def _type_name(annotation: object) -> str:
    """As a person writes it: `int | None`, `adam | sgd`, `tuple[float, float]`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_name(inner[0])
    if origin is Literal:
        return " | ".join(map(str, inner))
    if origin in (Union, UnionType):
        return " | ".join(map(_type_name, inner))
    if annotation in (NoneType, ...):
        return "None" if annotation is NoneType else "..."
    name: str = getattr(origin or annotation, "__name__", str(annotation))
    return f"{name}[{', '.join(map(_type_name, inner))}]" if inner else name


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _range(metadata: list[object]) -> str:
    signs = {
        "ge": ">=",
        "gt": ">",
        "le": "<=",
        "lt": "<",
        "min_length": "length >=",
        "max_length": "length <=",
    }
    bounds = [
        f"{sign} {_value(getattr(bound, name))}"
        for bound in metadata
        for name, sign in signs.items()
        if getattr(bound, name, None) is not None
    ]
    return ", ".join(bounds)
