"""Memory that is kept between steps: no page is cleared twice, and afterwards it is given back."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ganzoo.engine.memory import can_keep_memory

PROGRAM = """
import json, resource, torch
from ganzoo.engine.memory import kept_memory

LARGE, ROUNDS, SIZES = 2**26, 20, (1, 2, 4)
PAGE = resource.getpagesize()

def cleared():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def share():
    "Of the pages written on, how many were cleared for it."
    before = cleared()
    for _ in range(ROUNDS):
        held = [torch.zeros(LARGE // k, dtype=torch.uint8) for k in SIZES]
        del held
    return (cleared() - before) * PAGE / (ROUNDS * sum(LARGE // k for k in SIZES))

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * PAGE

found = {"before": share()}
try:
    with kept_memory():
        share()
        found |= {"within": share(), "kept": resident()}
        raise ZeroDivisionError
except ZeroDivisionError:
    print(json.dumps(found | {"left": resident(), "one": LARGE}))
"""


@pytest.mark.skipif(not can_keep_memory(), reason="needs glibc, as it is by itself")
def test_pages_are_hardly_cleared_twice_within_and_given_back_afterwards():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["before"] > 0.3
    assert found["within"] < 0.05
    assert found["kept"] - found["left"] > found["one"]


def test_what_was_set_from_outside_is_left_alone(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    assert not can_keep_memory()
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_")
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    assert not can_keep_memory()
