"""The errors a person may see: each says what was wrong, what is allowed and what to try next.

Everything ganzoo raises on purpose is a `GanzooError`; the command line prints its message without
a traceback and exits with its `exit_code`.

A message that mentions a setting says `setting("batch_size", 64)`. In Python it then reads
`batch_size=64`, the argument; the command line shows the same message with `--batch-size 64`.
"""

from __future__ import annotations

import difflib
import operator
import re
import reprlib
import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

_SETTING = re.compile("\u27e6(\\w+)(?:=([^\u27e7]*))?\u27e7")

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and newline, marks that reorder text, and halves of characters."""


Spell = Callable[[str, str | None], str]
"""Writes a setting, with a value or without one, for the reader of a message."""

PLACEHOLDERS = ("NAME", "DIR", "FILE", "METRIC", "DATASET")
"""Words in the place of a value that only the reader knows."""


def setting(name: str, value: object = None) -> str:
    """Mark a setting in the message of a `ganzoo.GanzooError` or `ganzoo.GanzooWarning`.

    Python shows it as an argument, `batch_size=64`, the command line as `--batch-size 64`.

    Args:
        name: of the argument of `ganzoo.train`, `ganzoo.Trainer`, …: `"batch_size"`.
        value: one to advise; or NAME, DIR, FILE, METRIC or DATASET in its place.
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

    return printable(_SETTING.sub(argument, message))


def flag(name: str, value: str | None) -> str:
    """A setting as a flag: `--precision fp32`."""
    name = name.replace("_", "-")
    match value:
        case None | "True":
            return f"--{name}"
        case "False":
            return f"--no-{name}"
        case _:
            several = all(re.fullmatch(r"[\d.e+-]+", word) for word in value.split(" "))
            return f"--{name} {value if several else shlex.quote(value)}"


def at_shell(message: str, spell: Spell = flag) -> str:
    """A message with its settings as flags.

    Args:
        message: with marked settings.
        spell: writes a setting; a command that lacks the flag writes it in another way.
    """
    return printable(_SETTING.sub(lambda found: spell(found[1], found[2]), message))


def command(*words: object) -> str:
    """A command that a message advises, quoted for a shell: `ganzoo resume 'my run'`."""
    return shlex.join(["ganzoo", *map(str, words)])


def printable(text: str) -> str:
    """Text with escapes in the place of characters that would steer a terminal.

    Names of runs, classes and files may be a stranger's.
    """
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80

    def repr_int(self, value: int, level: int) -> str:
        bits = value.bit_length()  # Python refuses to write a number of thousands of digits
        return repr(value) if bits < 200 else f"a number of {bits} bits"


def shown(value: object) -> str:
    """A value that is told to be wrong, as Python writes it, short however long it is."""
    if hasattr(value, "parse"):  # a schedule, or another value that is written as text
        value = str(value)
    return _Short().repr(value)


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

    def at_shell(self, spell: Spell = flag) -> str:
        """The message with flags in the place of arguments."""
        return at_shell(self.marked, spell)


class GanzooWarning(UserWarning):
    """Something a person should know, and which does not end what is being done."""

    def __str__(self) -> str:
        return in_python(super().__str__())

    def at_shell(self, spell: Spell = flag) -> str:
        """The message with flags in the place of arguments."""
        return at_shell(super().__str__(), spell)


class UsageError(GanzooError):
    """The request itself cannot be met: an unknown name, a value out of range. Exit code 2."""

    exit_code = 2


class Unsupported(UsageError):
    """A component refuses a combination; the message is the reason. Exit code 2.

    Raised, for example, by `Architecture.build` for an image shape or a demand it cannot meet.
    """


class DataError(GanzooError):
    """A dataset is missing, empty, unreadable or not what it claims to be. Exit code 1."""


class PluginError(GanzooError):
    """An installed plugin broke the plugin contract. Exit code 1.

    Args:
        message: what it did, and what it must do.
        of: the component, where its own code does not raise the error.

    Attributes:
        module: of the component.
        raised_by: the component and its distribution, which `registry.blame` knows.
    """

    def __init__(self, message: str, of: object = None) -> None:
        super().__init__(message)
        self.module = type(of).__module__
        self.raised_by = ""

    @property
    def marked(self) -> str:
        """The message with its settings marked, and the component."""
        return f"{super().marked} ({self.raised_by})" if self.raised_by else super().marked


class FailedOnAnotherRank(GanzooError):
    """Another of the processes that train one run has ended it, and says why."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Diverged(GanzooError):
    """A loss or a weight is no longer finite. Exit code 1.

    The message says which, since when and what helps.

    Attributes:
        what: the term, or the network and parameter.
        step: the first step it was seen at.
    """

    def __init__(self, message: str, *, what: str, step: int) -> None:
        super().__init__(message)
        self.what = what
        self.step = step


def whole(name: str, value: Any, least: int | None = 1) -> int:
    """A whole number that a user gives, of Python, NumPy or torch.

    Args:
        name: of the argument.
        value: of it.
        least: the smallest that is allowed; None for any.

    Raises:
        UsageError: it is a float, a text, true or false, or too small.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or (least is not None and number < least):
        bound = "" if least is None else f" of at least {least}"
        raise UsageError(f"{setting(name)} is {shown(value)}, but should be a whole number{bound}")
    return number


def listed(given: Any) -> list[Any]:
    """What a user gives as one or several, as a list; a text is one."""
    several = isinstance(given, Iterable) and not isinstance(given, str)
    return list(given) if several else [given]


def instances(name: str, given: Any, kind: type[T]) -> list[T]:
    """The objects of a class that a user gives, one or several: what is none would do nothing.

    Args:
        name: of the argument.
        given: to it.
        kind: the class.

    Raises:
        UsageError: one is something else, such as the class itself.
    """
    objects = listed(given)
    for each in objects:
        if not isinstance(each, kind):
            made = f": make one, {each.__name__}()" if isinstance(each, type) else ""
            raise UsageError(
                f"{setting(name)} should be objects of ganzoo.{kind.__name__}, and {shown(each)} "
                f"is none{made}"
            )
    return objects


@contextmanager
def reading(
    what: object,
    kind: type[GanzooError] = GanzooError,
    *,
    passing: type[Exception] = GanzooError,
) -> Iterator[None]:
    """The boundary for text and files from outside: one error for whatever is wrong with them.

    The block reads and parses, and does nothing else: any exception counts as the text's fault.

    Args:
        what: name of the file, or of the text and its place, for the message.
        kind: of the error.
        passing: an exception that passes as it is, since the caller says more.

    Raises:
        GanzooError: of this kind: the file cannot be read, or its content is malformed.
    """
    try:
        yield
    except (GanzooError, passing):
        raise
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError as error:
        reason = f"it is not text in UTF-8 ({error.reason})"
    except RecursionError:
        reason = "it is nested too deep"
    except Exception as error:
        reason = in_a_line(error)
    else:
        return
    raise kind(f"cannot read {what}: {reason}") from None


@contextmanager
def importing(what: str, install: str) -> Iterator[None]:
    """The boundary for packages that are not required: says how to install a missing one.

    Args:
        what: needs the package: `"the observer 'wandb'"`.
        install: what to give to pip: `"gan-zoo[wandb]"`.

    Raises:
        UsageError: an import in the block fails.
    """
    try:
        yield
    except ImportError as error:
        wanted = f'"{install}"' if "[" in install else install
        raise UsageError(
            f"{what} needs a package that is not installed: {error.name or error}; "
            f"try `pip install {wanted}`"
        ) from None


_NO_MEMORY = re.compile(
    r"out of memory|can't allocate memory|cannot allocate memory|not enough memory|bad_alloc"
    r"|storage size calculation overflowed|can't start new thread",
    re.IGNORECASE,
)
"""How allocators of CUDA, torch, the system and C++ say it, and Python's threads."""

_BYTES = re.compile(r"allocate (\d+) bytes")


def out_of_memory(error: BaseException) -> str | None:
    """A sentence about memory if an error is about it, whoever raised it; else None."""
    text = str(error)
    if not isinstance(error, MemoryError) and not _NO_MEMORY.search(text):
        return None
    asked = _BYTES.search(text)
    gib = int(asked[1]) / 2**30 if asked else 0.0
    amount = f" ({gib:,.1f} GiB were asked for)" if gib > 0.1 else ""
    return f"out of memory{amount}: try a smaller batch, smaller images or a smaller network"


def in_a_line(error: BaseException) -> str:
    """What an error says in one line, in plain words if it is about memory; else its type."""
    return out_of_memory(error) or str(error).strip().split("\n")[0] or type(error).__name__


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`" Did you mean 'wgan-gp'?"`, or nothing where no known name is close; case is ignored."""
    by_lower = {word.lower(): word for word in sorted(known, reverse=True)}
    close = difflib.get_close_matches(str(name).lower(), sorted(by_lower), n=1, cutoff=0.6)
    return f" Did you mean '{by_lower[close[0]]}'?" if close else ""
