"""Promises of exiting: one of several processes exits at once, after all of its work."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import atexit, sys
from ganzoo.cli import ranks
from ganzoo.execution import torchrun

class Late:
    def __del__(self):
        print("taken apart", end=" ")

kept = Late()
atexit.register(print, "said at exit", end=" ")
torchrun.found_each_other()
with ranks.exiting_at_once():
    print("done", end=" ")
    sys.exit(3)
"""


@pytest.mark.parametrize(
    ("processes", "said"),
    [("1", "done said at exit taken apart "), ("2", "done said at exit ")],
)
def test_one_of_several_processes_exits_without_finalization(processes, said):
    launched = {
        "RANK": str(int(processes) - 1),
        "WORLD_SIZE": processes,
        "MASTER_ADDR": "localhost",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | launched, capture_output=True, text=True
    )
    assert (done.stdout, done.returncode) == (said, 3)
