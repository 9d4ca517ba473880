"""Output that may break: a closed pipe, a full disk or a lost terminal ends no command."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import click

from ganzoo.errors import printable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from rich.console import Console
    from rich.text import Text


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text, with escapes in the place of characters that would steer a terminal.

    Every command prints by this, and tables of `cells`: names may be a stranger's.
    """
    click.echo(printable(text), err=err, nl=nl)


def cells(*texts: str) -> list[Text]:
    """The cells of a row, without markup and without what would steer a terminal."""
    from rich.text import Text

    return [Text(printable(text)) for text in texts]


def table_console(file_width: int) -> Console:
    """The terminal, to print a table of `cells`.

    Args:
        file_width: characters in a line, if it is a file or a pipe.
    """
    from rich.console import Console

    console = Console()
    console.width = console.width if console.is_terminal else file_width
    return console


class Descriptor(io.FileIO):
    """A descriptor that discards what it cannot write.

    Attributes:
        error: why it could not; None if it wrote everything.
    """

    error: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write data, or discard it."""
        try:
            written: int | None = super().write(data)
            if written is not None:
                return written
            self.error = BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        except OSError as error:
            self.error = error
        return memoryview(data).nbytes


class Output(io.TextIOWrapper):
    """Standard output or error over such a descriptor.

    A character that the encoding lacks is written as an escape.

    Attributes:
        is_result: whether the text is what the command is run for.
    """

    def __init__(self, stream: io.TextIOWrapper, *, is_result: bool) -> None:
        self.descriptor = Descriptor(stream.fileno(), "w", closefd=False)
        self.is_result = is_result
        super().__init__(
            io.BufferedWriter(self.descriptor),
            encoding=stream.encoding,
            errors="backslashreplace" if stream.errors == "strict" else stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )

    @property
    def lost(self) -> OSError | None:
        """Why a result was lost; a reader that ends (`ganzoo list | head -1`) wants no more."""
        error = self.descriptor.error
        return None if error is None or error.errno == errno.EPIPE else error


def result_is_elsewhere() -> None:
    """Declare that the command writes files, so that losing standard output is no failure."""
    if isinstance(sys.stdout, Output):
        sys.stdout.is_result = False


@contextmanager
def unbreakable() -> Iterator[None]:
    """Let standard output and error break without an exception.

    Raises:
        SystemExit: with code 1 in the place of 0 if a result was lost.
    """
    _open_closed()
    before = sys.stdout, sys.stderr
    out, err = _guarded(sys.stdout, is_result=True), _guarded(sys.stderr)
    sys.stdout, sys.stderr = out, err
    try:
        yield
    except SystemExit as stop:
        for stream in filter(None, (out, err)):
            stream.flush()
        if stop.code == 0 and isinstance(out, Output) and out.is_result and out.lost:
            say(f"Error: cannot write the output: {out.lost.strerror}", err=True)
            sys.exit(1)
        raise
    finally:
        sys.stdout, sys.stderr = before


def _guarded(stream: TextIO, *, is_result: bool = False) -> TextIO:
    """Guard a stream of the process; leave one without a descriptor, and a console of Windows."""
    console = os.name == "nt" and stream is not None and stream.isatty()  # has its own encoding
    if console or not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        return Output(stream, is_result=is_result)
    except io.UnsupportedOperation:
        return stream


def _open_closed() -> None:
    """Open the standard descriptors that are closed (`2>&-`): files would get their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
