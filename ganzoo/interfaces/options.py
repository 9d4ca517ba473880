"""Options: the typed, documented, validated settings of one component. Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_core import ErrorDetails

from ganzoo.errors import UsageError, did_you_mean, shown
from ganzoo.interfaces.schedule import Schedule, Scheduled

Model = TypeVar("Model", bound=BaseModel)

MOST_LINES = 20
"""Lines of a message about one config: nobody reads more."""

LONGEST_KEY = 60
"""Characters of one part of a key in a message."""


class NumbersAreNumbers(BaseModel):
    """A model in which `true` is no number, an integer fits 64 bits, and text has no NUL."""

    @field_validator("*", mode="wrap")
    @classmethod
    def _check_numbers(cls, value: object, validate: ValidatorFunctionWrapHandler) -> object:
        too_large = "should be a number of at most 64 bits"
        try:
            valid = validate(value)
        except OverflowError:  # of a validator that makes it a float
            raise ValueError(too_large) from None
        given, taken = (list(_scalars(each)) for each in (value, valid))
        numbers = [n for n in taken if isinstance(n, (int, float)) and not isinstance(n, bool)]
        if numbers and _switches(given) > _switches(taken):
            raise ValueError("should be a number, not true or false")
        if any(isinstance(n, int) and not -(2**63) <= n < 2**63 for n in numbers):
            raise ValueError(too_large)
        if any("\0" in str(text) for text in taken if isinstance(text, (str, PurePath))):
            raise ValueError("should not contain the character NUL")
        return valid


def _scalars(value: object) -> Iterator[object]:
    """A value, or the members of a list or tuple."""
    if isinstance(value, (list, tuple)):
        for member in value:
            yield from _scalars(member)
    else:
        yield value


def _switches(values: list[object]) -> int:
    return sum(isinstance(value, bool) for value in values)


class Options(NumbersAreNumbers):
    """Base class of a component's options: a pydantic model, frozen, that forbids unknown keys.

    Give every field a default, bounds if there are any, and a description: `ganzoo show` and error
    messages print them. The field name `name` is reserved for the component's own.

        class CriticOptions(ganzoo.Options):
            base_channels: int = Field(64, ge=1, description="Channels of the widest image.")

    Raises:
        pydantic.ValidationError: a key is unknown, or a value out of range. `ganzoo.create` raises
            `ganzoo.UsageError` instead.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, coerce_numbers_to_str=True
    )


class NoOptions(Options):
    """The options of a component that has none."""


class PenaltyOptions(Options):
    """Options of every penalty; a penalty's own options derive from it."""

    weight: Scheduled = Field(
        1.0,
        ge=0.0,
        description="Factor of the penalty in the loss, a number or a schedule; 0 switches it off.",
    )
    interval: int = Field(
        1,
        ge=1,
        description="Apply it at every n-th update, n times as strong (lazy regularization, "
        "Karras et al. 2020).",
    )


class ConstraintOptions(Options):
    """Options of every constraint; a constraint's own options derive from it."""

    networks: Literal["discriminator", "generator", "both"] = Field(
        "discriminator", description="Networks whose weights it constrains."
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
    if annotation is Schedule:
        return "schedule"
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
    return in_lines(error, lambda detail, allowed: _explain_one(detail, allowed, known, prefix))


def in_lines(error: ValidationError, line: Callable[[ErrorDetails, str], str]) -> str:
    """One line for each key of a validation error, and of many the first.

    A value that may be one of several things, and is none of them, has a detail for each.

    Args:
        error: with its details.
        line: makes the line of a detail and of what is allowed in its value's place.
    """
    details = error.errors(include_url=False)
    alternatives: dict[tuple[str, str], list[ErrorDetails]] = {}
    for detail in details[:MOST_LINES]:
        alternatives.setdefault((key_of(detail), shown(detail["input"])), []).append(detail)
    lines = dict.fromkeys(line(each[0], _allowed_by_any(each)) for each in alternatives.values())
    more = [f"… and {len(details) - MOST_LINES} more."] if len(details) > MOST_LINES else []
    return "\n".join([*lines, *more])


def _explain_one(detail: ErrorDetails, allowed: str, known: Mapping[str, Any], prefix: str) -> str:
    if not detail["loc"]:  # the options, or the text, as a whole
        return f"{prefix.removesuffix('.')}: {allowed}.".removeprefix(": ")
    key = prefix + key_of(detail)
    if detail["type"] == "extra_forbidden":
        word = str(detail["loc"][-1])
        names = ", ".join(sorted(known)) or "none"
        return f"no option '{key}'.{did_you_mean(word, known)} Allowed here: {names}."
    if detail["type"] == "missing" and isinstance(detail["loc"][-1], str):
        return f"'{key}' is required."
    return f"'{key}' is {shown(detail['input'])}, but {allowed}."


_TAG = re.compile(r"(.+\[.*\]|constrained-.+|int|float|bool|str|none)$")
"""pydantic's names of the members of a union, which it adds to the place of a value."""


def key_of(detail: ErrorDetails) -> str:
    """The dotted key of a value that is wrong; of one that a list lacks, the key of the list."""
    first, *rest = detail["loc"] or ("config",)
    path = [first, *(part for part in rest if isinstance(part, int) or not _TAG.match(part))]
    if detail["type"] == "missing" and isinstance(path[-1], int):
        del path[-1]
    parts = [str(part) for part in path]
    return ".".join(
        part if len(part) <= LONGEST_KEY else f"{part[:LONGEST_KEY]}…" for part in parts
    )


def _allowed_by_any(details: Sequence[ErrorDetails]) -> str:
    """What a value should be that may be one of several things: "should be 1, or 'auto'"."""
    first, *others = dict.fromkeys(map(_allowed_by, details))
    return ", or ".join([first, *(other.removeprefix("should be ") for other in others)])


def _allowed_by(detail: ErrorDetails) -> str:
    """What a value should be, in plain words: "should be a whole number"."""
    limits = detail.get("ctx", {})
    match detail["type"]:
        case "missing" if isinstance(detail["loc"][-1], int):
            return f"should have at least {detail['loc'][-1] + 1} values"
        case "too_long":
            return f"should have at most {limits['max_length']} values"
        case "too_short":
            return f"should have at least {limits['min_length']} values"
        case "int_type" | "int_parsing" | "int_from_float":
            return "should be a whole number"
        case "int_parsing_size":
            return "should be a number of at most 64 bits"
        case "float_type" | "float_parsing":
            return "should be a number"
        case "bool_type" | "bool_parsing":
            return "should be true or false"
        case "string_type" | "string_unicode" | "string_sub_type":
            return "should be text"
        case "path_type":
            return "should be the path of a file or folder"
        case "tuple_type" | "list_type" | "set_type" | "frozen_set_type" | "iterable_type":
            return "should be a list"
        case "dict_type" | "model_type" | "mapping_type" | "dataclass_type":
            return "should be a table"
        case "invalid_key":
            return "should have text as keys"
    return detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
