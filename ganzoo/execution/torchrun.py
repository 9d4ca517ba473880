"""torchrun's environment variables. Imports no torch, since the command line reads them too."""

from __future__ import annotations

import os


def world_size() -> int:
    """The number of processes that torchrun started, on all machines; 1 without torchrun."""
    by_torchrun = all(name in os.environ for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"))
    return int(os.environ["WORLD_SIZE"]) if by_torchrun else 1


def rank() -> int:
    """The rank of this process, from 0; 0 without torchrun."""
    return int(os.environ["RANK"]) if world_size() > 1 else 0


def local_rank() -> int:
    """The rank of this process among those on its machine, from 0."""
    return int(os.environ.get("LOCAL_RANK", "0")) if world_size() > 1 else 0
