"""Promises of what a person is told of an option."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Optional

import pytest
from pydantic import Field, create_model

from ganzoo import Options
from ganzoo.interfaces.options import describe


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "int"),
        (Path | None, "Path | None"),
        (Literal["adam", "sgd"], "adam | sgd"),
        (tuple[Annotated[float, Field(ge=0)], float], "tuple[float, float]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Optional[Annotated[str, Field(pattern="^a")]], "str | None"),  # noqa: UP045
        (dict[str, list[int]], "dict[str, list[int]]"),
    ],
)
def test_a_type_is_said_as_one_would_write_it(annotation, text):
    model = create_model("Model", __base__=Options, option=(annotation, Field()))
    assert describe(model)[0].type == text
