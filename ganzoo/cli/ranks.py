"""Output of the processes that torchrun starts: each message is printed once."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ganzoo.errors import FailedOnAnotherRank, UsageError
from ganzoo.execution.torchrun import launched, local_rank, rank, world_size


@contextmanager
def exiting_at_once() -> Iterator[None]:
    """Exit one of several processes without Python's finalization.

    torch keeps gloo's threads until the program ends (DistributedDataParallel does not release
    them). One that frees a tensor during finalization aborts the process and with it the others,
    after all work is done: https://github.com/pytorch/pytorch/pull/179291.
    """
    try:
        yield
    except SystemExit as stop:
        if world_size() == 1 or not isinstance(stop.code, int):
            raise
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(stop.code)


@contextmanager
def joined() -> Iterator[None]:
    """Join torchrun's process group; from then on rank 0 alone writes to stdout."""
    if launched()[1] == 1:
        yield
        return
    from ganzoo.execution import distributed

    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # torch waits for others without Python
    with ExitStack() as stack:
        try:
            stack.enter_context(distributed.joined())
        finally:
            signal.signal(signal.SIGINT, before)
        if rank():
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # until exit
        yield


def reported_elsewhere(error: Exception) -> bool:
    """Whether another process reports this error.

    Wrong usage is the same on all ranks of a machine: its first rank reports it.
    """
    if isinstance(error, UsageError):
        return local_rank() > 0
    return isinstance(error, FailedOnAnotherRank)


def prefix() -> str:
    """`"Error"`, with the rank on ranks other than 0."""
    return f"Error in process {rank()} of {world_size()}" if rank() else "Error"
