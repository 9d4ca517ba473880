"""What one of several processes says: torchrun starts a command as often, and it answers once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ganzoo.engine.launched import local_rank, rank, world_size
from ganzoo.errors import ToldElsewhere, UsageError


def hush() -> None:
    """In all but the first: say nothing but errors of one's own."""
    if rank():
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # till the end


def told_elsewhere(error: Exception) -> bool:
    """Whether another process says the same, or says why this one cannot go on.

    A wrong request is the same for all of a machine.
    """
    if isinstance(error, UsageError):
        return rank() > 0 and local_rank() > 0
    return isinstance(error, ToldElsewhere)


def prefix() -> str:
    """`"Error"`, with the rank in all but the first process."""
    return f"Error in process {rank()} of {world_size()}" if rank() else "Error"
