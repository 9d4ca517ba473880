"""Worker processes and the main script: where Python starts workers anew, they import it first.

A script that trains at its top level would train again in each worker, which waits for a lock that
its parent holds, while the parent waits for the worker.
"""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from pathlib import Path

from ganzoo.errors import GanzooWarning

GUARD = 'if __name__ == "__main__":'


def workers_may_start() -> bool:
    """Whether worker processes can be started; a warning if the main script lacks its guard."""
    # Workers that are forked, and programs that they do not import.
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    module = getattr(getattr(main, "__spec__", None), "name", "")
    if multiprocessing.get_start_method() == "fork" or not file or module.endswith("__main__"):
        return True

    # A script with a guard.
    try:
        guarded = "__name__" in Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True

    if not guarded:
        message = (
            f"{file} has no line `{GUARD}`, so images are decoded in this process alone: a worker "
            "process imports the script and would run it again. Put the calls below such a line"
        )
        warnings.warn(GanzooWarning(message), stacklevel=2)
    return guarded


def refuse_script_run_again() -> None:
    """End a worker process that runs the main script again while it imports it.

    Raises:
        SystemExit: after a line on stderr; the process that started the worker goes on without.
    """
    # As multiprocessing itself asks before it starts a process (`spawn._check_not_importing_main`).
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        message = f"a worker process would run {sys.argv[0]} again; put the calls below `{GUARD}`\n"
        sys.stderr.write(message)  # a fork server does not print the message of a SystemExit
        raise SystemExit(1)
