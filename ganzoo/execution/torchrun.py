"""torchrun's environment variables. Imports no torch, since the command line reads them too.

They may be left over from another program: they count once the processes have found each other.
"""

from __future__ import annotations

import os
import re

from ganzoo.errors import UsageError, shown

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR")
"""What torchrun sets for each process that it starts."""

UNSET = f"to train in one process, unset {', '.join(VARIABLES)} in the environment"

_NUMBER = re.compile("[0-9]{1,9}")

_found: list[int] = []


def launched() -> tuple[int, int]:
    """Rank and number of processes by the environment: `(0, 1)` without torchrun.

    Raises:
        UsageError: the variables are there and are no such numbers.
    """
    if not all(name in os.environ for name in VARIABLES):
        return 0, 1
    rank, count = os.environ["RANK"], os.environ["WORLD_SIZE"]
    if not (_NUMBER.fullmatch(rank) and _NUMBER.fullmatch(count) and int(rank) < int(count)):
        raise UsageError(
            f"the environment has RANK={shown(rank)} and WORLD_SIZE={shown(count)}, which are "
            f"no rank among processes: {UNSET}"
        )
    return int(rank), int(count)


def found_each_other() -> None:
    """Note that the processes of the environment have found each other."""
    _found[:] = launched()


def world_size() -> int:
    """The number of processes that have found each other, on all machines; 1 before."""
    return _found[1] if _found else 1


def rank() -> int:
    """The rank of this process among them, from 0; 0 before."""
    return _found[0] if _found else 0


def local_rank() -> int:
    """The rank of this process among those on its machine, from 0."""
    local = os.environ.get("LOCAL_RANK", "0")
    return int(local) if world_size() > 1 and _NUMBER.fullmatch(local) else 0
