"""The command line: one file per command, all logic in the library. Imports no torch."""

from __future__ import annotations

import sys
import traceback
import warnings

import click

from ganzoo.cli import ranks
from ganzoo.cli.app import app
from ganzoo.errors import GanzooError, GanzooWarning
from ganzoo.execution.torchrun import rank


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 on success, 1 on failure, 2 on wrong usage."""
    with ranks.exiting_at_once():
        _run(arguments)


def _run(arguments: list[str] | None) -> None:
    # Silence all ranks but one.
    ranks.silence_stdout()
    warnings.showwarning = _show_warning
    arguments = sys.argv[1:] if arguments is None else arguments

    # Run the command; errors become one line and an exit code.
    try:
        code = app.main(arguments, prog_name="ganzoo", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        if rank() == 0:
            error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        if rank() == 0:
            click.echo("Interrupted.", err=True)
        sys.exit(130)
    except GanzooError as error:
        if ranks.reported_elsewhere(error):
            sys.exit(error.exit_code)
        fail(error.at_shell(), error.exit_code)
    except MemoryError as error:
        fail(f"out of memory: {error}; try a smaller --batch-size", 1)
    except OSError as error:  # a full disk, a vanished directory
        file = f": {error.filename}" if error.filename else ""
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", []))
        fail(f"{error.strerror or error}{file}{notes}", 1)
    except Exception as error:
        _explain(error, verbose=bool({"-v", "--verbose"} & set(arguments)))


def fail(message: str, code: int) -> None:
    """Print an error and exit."""
    click.echo(f"{ranks.prefix()}: {message}", err=True)
    sys.exit(code)


def _explain(error: Exception, *, verbose: bool) -> None:
    """Report an unexpected error: in one line if a plugin raised it, else with the trace."""
    notes = getattr(error, "__notes__", [])  # the plugin that raised it: `registry.blame`
    if "out of memory" in str(error).lower():
        fail(f"out of memory: {error}; try a smaller --batch-size", 1)
    if notes:
        if verbose:
            click.echo("".join(traceback.format_exception(error)), err=True)
        hint = "" if verbose else "; `ganzoo -v …` shows the trace"
        fail(f"{type(error).__name__}: {error} ({'; '.join(notes)}{hint})", 1)
    raise error


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    if rank() == 0:
        text = message.at_shell() if isinstance(message, GanzooWarning) else message
        click.echo(f"Warning: {text}", err=True)
