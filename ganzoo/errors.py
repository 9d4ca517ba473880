"""The errors a person may see: each says what was wrong, what is allowed and what to try next.

Everything ganzoo raises on purpose is a `GanzooError`; the command line prints its message without
a traceback and exits with its `exit_code`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GanzooError(Exception):
    """Something failed that is not a programming fault in ganzoo. Exit code 1."""

    exit_code = 1


class UsageError(GanzooError):
    """The request itself cannot be met: an unknown name, a value out of range. Exit code 2."""

    exit_code = 2


class Unsupported(UsageError):
    """A component refuses a combination; its message is the reason, in words.

    Raised by `Architecture.build` for an image shape or a demand it cannot honour.
    """


class DataError(GanzooError):
    """A dataset is missing, empty, unreadable or not what it claims to be. Exit code 1."""


class PluginError(GanzooError):
    """An installed plugin broke the plugin contract; the message names its distribution."""


class ToldElsewhere(GanzooError):
    """Another of the processes that train one run has ended it, and tells why."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Diverged(GanzooError):
    """A loss or a weight is no longer finite; the message says which, since when and what helps.

    Attributes:
        what: the term, or the network and parameter.
        step: the first step it was seen at.
    """

    def __init__(self, message: str, *, what: str, step: int) -> None:
        super().__init__(message)
        self.what = what
        self.step = step


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`" Did you mean 'wgan-gp'?"`, or nothing where no known name is close."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""
