"""Options: the typed, documented, validated settings of one component. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ganzoo.errors import UsageError, did_you_mean

Model = TypeVar("Model", bound=BaseModel)


class Options(BaseModel):
    """Base class of a component's options: a pydantic model, frozen, that forbids unknown keys.

    Give every field a default, bounds if there are any, and a description: `ganzoo show` and error
    messages print them. The field name `name` is reserved for the component's own.

        class CriticOptions(ganzoo.Options):
            base_channels: int = Field(64, ge=1, description="Channels of the widest image.")
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, coerce_numbers_to_str=True
    )


class NoOptions(Options):
    """The options of a component that has none."""


class PenaltyOptions(Options):
    """Options of every penalty; a penalty's own options derive from it."""

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
    """Name, type, default, range and description of one option, as text."""

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
    """The type as people write it: `int | None`, `adam | sgd`, `tuple[float, float]`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_name(inner[0])
    if hasattr(annotation, "parse"):  # a value that is written as text
        return "str"
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


def validated(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Validate values as a pydantic model.

    Raises:
        UsageError: one line for each key that is unknown or out of range.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise UsageError(explain(error, model.model_fields)) from None


def explain(error: ValidationError, known: Mapping[str, Any], prefix: str = "") -> str:
    """Explain a validation error: one line for each key, with the value and what is allowed."""
    return "\n".join(_explain_one(detail, known, prefix) for detail in error.errors())


def _explain_one(detail: ErrorDetails, known: Mapping[str, Any], prefix: str) -> str:
    key = prefix + ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        word = str(detail["loc"][-1])
        allowed = ", ".join(sorted(known)) or "none"
        return f"no option '{key}'.{did_you_mean(word, known)} Allowed here: {allowed}."
    if detail["type"] == "missing":
        return f"'{key}' is required."
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"'{key}' is {detail['input']!r}, but {message}."
