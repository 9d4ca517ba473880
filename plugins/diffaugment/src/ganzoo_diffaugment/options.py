"""Options of DiffAugment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

import ganzoo


def _split(given: object) -> object:
    """Text with commas as a list."""
    if not isinstance(given, str):
        return given
    return [word.strip() for word in given.split(",") if word.strip()]


Policy = Annotated[tuple[Literal["color", "translation", "cutout"], ...], BeforeValidator(_split)]


class DiffAugmentOptions(ganzoo.Options):
    """Which transforms are applied."""

    policy: Policy = Field(
        ("color", "translation", "cutout"),
        min_length=1,
        description="Transforms in their order, as a list or as text with commas: "
        "'translation,cutout'.",
    )

    @field_validator("policy")
    @classmethod
    def _each_once(cls, policy: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(policy)) < len(policy):
            raise ValueError("should name each transform once")
        return policy
