"""What one of several processes says: torchrun starts a command as often, and it answers once."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganzoo.errors import FailedOnAnotherRank, UsageError
from ganzoo.execution.torchrun import local_rank, rank, world_size


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """Of one of several processes: on exit, end it before Python takes itself apart.

    torch keeps gloo's threads to the end of the program (DistributedDataParallel does not let go
    of them), and one that drops a tensor while Python shuts down aborts a process that has done
    all its work, and with it the others: https://github.com/pytorch/pytorch/pull/179291.
    """
    try:
        yield
    except SystemExit as leaving:
        if world_size() == 1 or not isinstance(leaving.code, int):
            raise
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(leaving.code)


def silence_stdout() -> None:
    """Silence stdout on ranks other than 0."""
    if rank():
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # till the end


def told_elsewhere(error: Exception) -> bool:
    """Whether another process says the same, or says why this one cannot go on.

    A wrong request is the same for all of a machine.
    """
    if isinstance(error, UsageError):
        return local_rank() > 0
    return isinstance(error, FailedOnAnotherRank)


def prefix() -> str:
    """`"Error"`, with the rank in all but the first process."""
    return f"Error in process {rank()} of {world_size()}" if rank() else "Error"
