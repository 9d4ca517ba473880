"""Promises of how processes find each other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import torch.distributed as dist

from ganzoo.execution.distributed import fresh


def met(store, late=None):
    """What three processes get, of which one may come later than the others."""
    others_are_there = threading.Event()

    def come(rank):
        if rank == late:
            others_are_there.wait(0.2)
        return fresh(store, rank, 3)

    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(come, range(3)))


@pytest.mark.parametrize("late", [0, 1, 2])
def test_processes_started_anew_see_nothing_of_those_before(late):
    """torchrun hands the same store to both; what is stale in it kept them from connecting."""
    store = dist.HashStore()
    for who, part in enumerate(met(store)):
        part.set(f"address/{who}", "of one that is dead")
    anew = met(store, late)
    assert not any(part.check([f"address/{who}"]) for part in anew for who in range(3))
    anew[0].set("address", "alive")
    assert [part.get("address") for part in anew] == [b"alive"] * 3


def test_one_that_died_while_it_asked_is_not_taken_for_the_one_that_lives():
    store = dist.HashStore()
    store.set("asks/1", "a dead one's")
    store.set("asks/2", "another's")
    first, *others = met(store, late=1)
    first.set("address", "alive")
    assert [part.get("address") for part in others] == [b"alive"] * 2


def test_those_who_never_come_are_named():
    store = dist.HashStore()
    store.set_timeout(timedelta(seconds=0.1))
    with pytest.raises(RuntimeError, match=r"processes \[1, 2\] did not come"):
        fresh(store, 0, 3)
