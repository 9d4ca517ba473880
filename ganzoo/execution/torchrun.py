"""torchrun's environment variables. Imports no torch, since the command line reads them too."""

from __future__ import annotations

import os


def world_size() -> int:
    """How many processes torchrun started, on all machines; 1 where it did not."""
    launched = all(name in os.environ for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"))
    return int(os.environ["WORLD_SIZE"]) if launched else 1


def rank() -> int:
    """Which of them this is, from 0; 0 where torchrun did not start it."""
    return int(os.environ["RANK"]) if world_size() > 1 else 0


def local_rank() -> int:
    """Which of those on this machine it is, from 0."""
    return int(os.environ.get("LOCAL_RANK", "0")) if world_size() > 1 else 0
