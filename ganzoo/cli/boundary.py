"""The boundary of the command line: one line and an exit code for whatever ends a command."""

from __future__ import annotations

import traceback

from ganzoo.cli.output import say
from ganzoo.errors import out_of_memory


def explained(error: Exception, *, verbose: bool) -> tuple[str, int]:
    """The message and the exit code of an error that ganzoo did not raise on purpose.

    Args:
        error: of the system, of a plugin, or a programming fault.
        verbose: print the trace of a plugin's error.

    Raises:
        Exception: the error itself, if it is a programming fault of ganzoo's own.
    """
    # Memory: whoever asked for it last is not to blame.
    if (memory := out_of_memory(error)) is not None:
        return memory, 1

    # The system: a full disk, a vanished directory.
    notes = getattr(error, "__notes__", [])  # the plugin that raised it: `registry.blame`
    if isinstance(error, OSError):
        file = f": {error.filename}" if error.filename else ""
        note = "".join(f" ({note})" for note in notes)
        return f"{error.strerror or error or type(error).__name__}{file}{note}", 1

    # A plugin.
    if not notes:
        raise error
    if verbose:
        say("".join(traceback.format_exception(error)), err=True)
    hint = "" if verbose else "; `ganzoo -v …` shows the trace"
    return f"{type(error).__name__}: {error} ({'; '.join(notes)}{hint})", 1
