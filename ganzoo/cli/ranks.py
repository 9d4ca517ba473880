"""What one of several processes says: torchrun starts a command as often, and it answers once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ganzoo.errors import ToldElsewhere, UsageError


def rank() -> int:
    """Which of the processes that torchrun started this is; 0 where it did not."""
    return int(os.environ.get("RANK", "0")) if world_size() > 1 else 0


def world_size() -> int:
    """How many processes torchrun started, on all machines; 1 where it did not."""
    launched = all(name in os.environ for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"))
    return int(os.environ["WORLD_SIZE"]) if launched else 1


def hush() -> None:
    """In all but the first: say nothing but errors of one's own."""
    if rank():
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # till the end


def told_elsewhere(error: Exception) -> bool:
    """Whether another process says the same, or says why this one cannot go on.

    A wrong request is the same for all of a machine.
    """
    if isinstance(error, UsageError):
        return rank() > 0 and os.environ.get("LOCAL_RANK", "0") != "0"
    return isinstance(error, ToldElsewhere)


def prefix() -> str:
    """`"Error"`, with the rank in all but the first process."""
    return f"Error in process {rank()} of {world_size()}" if rank() else "Error"
