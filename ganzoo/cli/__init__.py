"""The command line: one file per command, all logic in the library. Imports no torch."""

from __future__ import annotations

import sys
import warnings

import click

from ganzoo.cli import advice, boundary, output, ranks
from ganzoo.cli.app import app
from ganzoo.cli.output import say
from ganzoo.errors import GanzooError, GanzooWarning
from ganzoo.execution.torchrun import rank


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 on success, 1 on failure, 2 on wrong usage."""
    with ranks.exiting_at_once(), output.unbreakable():
        _run(arguments)


def _run(arguments: list[str] | None) -> None:
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
            say("Interrupted.", err=True)
        sys.exit(130)
    except GanzooError as error:
        if ranks.reported_elsewhere(error):
            sys.exit(error.exit_code)
        fail(error.at_shell(advice.speller(advice.running(app, arguments))), error.exit_code)
    except Exception as error:
        fail(*boundary.explained(error, verbose=bool({"-v", "--verbose"} & set(arguments))))


def fail(message: str, code: int) -> None:
    """Print an error and exit."""
    say(f"{ranks.prefix()}: {message}", err=True)
    sys.exit(code)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    if rank() == 0:
        context = click.get_current_context(silent=True)
        spell = advice.speller(context.command if context else None)
        text = message.at_shell(spell) if isinstance(message, GanzooWarning) else message
        say(f"Warning: {text}", err=True)
