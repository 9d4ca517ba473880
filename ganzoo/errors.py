"""The errors a person may see: each says what was wrong, what is allowed and what to try next.

Everything ganzoo raises on purpose is a `GanzooError`; the command line prints its message without
a traceback and exits with its `exit_code`.

A message that mentions a setting says `setting("batch_size", 64)`. In Python it then reads
`batch_size=64`, the argument; the command line shows the same message with `--batch-size 64`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_SETTING = re.compile("\u27e6(\\w+)(?:=([^\u27e7]*))?\u27e7")


PLACEHOLDERS = ("NAME", "DIR", "FILE", "METRIC", "DATASET")
"""Words in the place of a value that only the reader knows."""


def setting(name: str, value: object = None) -> str:
    """A setting inside a message, to be shown in the language of whoever reads it.

    Args:
        name: of the argument of `ganzoo.train`, `ganzoo.Trainer`, …: `"batch_size"`.
        value: one to advise, or one of `PLACEHOLDERS`.
    """
    if value is None:
        return f"\u27e6{name}\u27e7"
    text = " ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
    return f"\u27e6{name}={text}\u27e7"


def in_python(message: str) -> str:
    """A message with its settings as keyword arguments: `precision="fp32"`."""

    def argument(found: re.Match[str]) -> str:
        name, value = found.groups()
        if value is None:
            return name
        words = value.split(" ")
        if all(re.fullmatch(r"[\d.e+-]+", word) for word in words):
            return f"{name}={value}" if len(words) == 1 else f"{name}=({', '.join(words)})"
        plain = value in (*PLACEHOLDERS, "True", "False")
        return f"{name}={value}" if plain else f'{name}="{value}"'

    return _SETTING.sub(argument, message)


def at_shell(message: str) -> str:
    """A message with its settings as flags: `--precision fp32`."""

    def flag(found: re.Match[str]) -> str:
        name, value = found[1].replace("_", "-"), found[2]
        match value:
            case None | "True":
                return f"--{name}"
            case "False":
                return f"--no-{name}"
            case _:
                return f"--{name} {value}"

    return _SETTING.sub(flag, message)


class Message(str):
    """Text whose settings are marked by `setting`; as a string it names Python arguments."""

    def __new__(cls, marked: str) -> Message:
        """Mark nothing anew: the text holds its marks already."""
        message = super().__new__(cls, in_python(marked))
        message.marked = marked
        return message

    marked: str

    def at_shell(self) -> str:
        """The text with flags in the place of arguments."""
        return at_shell(self.marked)


class GanzooError(Exception):
    """Something failed that is not a programming fault in ganzoo. Exit code 1."""

    exit_code = 1

    def __str__(self) -> str:
        return in_python(self.marked)

    @property
    def marked(self) -> str:
        """The message with its settings marked, to be quoted in another message."""
        return super().__str__()

    def at_shell(self) -> str:
        """The message with flags in the place of arguments."""
        return at_shell(self.marked)


class GanzooWarning(UserWarning):
    """Something a person should know, and which does not end what is being done."""

    def __str__(self) -> str:
        return in_python(super().__str__())

    def at_shell(self) -> str:
        """The message with flags in the place of arguments."""
        return at_shell(super().__str__())


class UsageError(GanzooError):
    """The request itself cannot be met: an unknown name, a value out of range. Exit code 2."""

    exit_code = 2


class Unsupported(UsageError):
    """A component refuses a combination; the message is the reason.

    Raised by `Architecture.build` for an image shape or a demand it cannot honour.
    """


class DataError(GanzooError):
    """A dataset is missing, empty, unreadable or not what it claims to be. Exit code 1."""


class PluginError(GanzooError):
    """An installed plugin broke the plugin contract; the message names its distribution."""


class FailedOnAnotherRank(GanzooError):
    """Another of the processes that train one run has ended it, and says why."""

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
