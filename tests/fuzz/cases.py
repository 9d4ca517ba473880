"""Hypothesis strategies for what comes from outside, and what every answer to it must be like.

`GANZOO_FUZZ_CASES=20000 pytest tests/fuzz -m slow --hypothesis-seed=1 --timeout=0` tries more cases
than CI does.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import ganzoo
from ganzoo.cli import main
from ganzoo.errors import printable

CASES = int(os.environ.get("GANZOO_FUZZ_CASES", "200"))

fuzzed = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    derandomize=CASES <= 200,
    suppress_health_check=list(HealthCheck),
)
"""The profile of all tests in this folder."""

fewer = settings(fuzzed, max_examples=max(CASES // 10, 1))
"""The profile of tests that take a second a case."""

T = TypeVar("T")

NUMBERS = st.one_of(
    st.integers(-3, 70),
    st.integers(),
    st.sampled_from([10**23, 2**63, -(2**63) - 1, 10**400]),
    st.just(5000).map(lambda digits: 10**digits),  # more than Python writes
    st.floats(),
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "\0", "\x1b[31mred", "a b", "\u202ename", "x" * 5000, "9" * 5000, "²", "/"]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)


def nested(depth: int) -> object:
    """A list in a list in a list."""
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


VALUES = st.recursive(
    st.one_of(SCALARS, st.sampled_from([30, 40, 300]).map(nested)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)
"""What JSON and Python can hold, absurd sizes included."""


def as_json(value: object) -> str:
    """JSON text, also of numbers that Python refuses to write, and nested however deep."""
    try:
        return json.dumps(value)
    except (ValueError, RecursionError):
        return "9" * 5000


DEEP_JSON = st.sampled_from(["[" * 5000, "[" * 5000 + "]" * 5000, '{"a":' * 5000, "9" * 5000])
JSON = st.one_of(VALUES.map(as_json), DEEP_JSON, st.text(max_size=30))


@st.composite
def damaged(draw: Callable[[st.SearchStrategy[object]], object], whole: bytes) -> bytes:
    """Bytes of a file after a few were replaced, cut out or put in."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 8)))
        content[start:end] = draw(st.binary(max_size=8))
    return bytes(content)


def only_for_people(use: Callable[[], T], *named: object) -> T | None:
    """Return what a use returns, or None after an error of ganzoo, which must be readable.

    Args:
        use: may raise ganzoo's errors alone.
        named: what the message must name, any of them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return use()
        except ganzoo.GanzooError as error:
            message = str(error)
    assert message == printable(message)
    assert message.strip()
    assert len(message) < 20_000, message[:300]
    assert not named or any(printable(str(name)) in message for name in named), message[:300]
    return None


class Terminal(StringIO):
    """A stream that says it is a terminal, so that nothing is taken out of a text."""

    def isatty(self) -> bool:
        return True


def command(*arguments: object) -> tuple[int, str, str]:
    """Run `ganzoo` in a terminal without colours: exit code, output and errors."""
    out, err = Terminal(), Terminal()
    with (
        warnings.catch_warnings(),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.MonkeyPatch.context() as patch,
    ):
        warnings.simplefilter("ignore")
        patch.setenv("TERM", "dumb")
        try:
            main([str(argument) for argument in arguments])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
    assert code in (0, 1, 2)
    assert (code == 0) or err.getvalue().strip() or out.getvalue().strip()
    assert "Traceback" not in err.getvalue()
    assert "\x1b" not in out.getvalue() + err.getvalue()
    return code, out.getvalue(), err.getvalue()
