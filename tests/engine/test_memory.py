"""Memory that is kept between steps: no page is cleared twice, and afterwards it is given back."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest
import torch

from ganzoo.engine.memory import can_keep_memory, kept_memory

needs_glibc = pytest.mark.skipif(not can_keep_memory(), reason="needs glibc, as it is by itself")

LARGE = 2**26
"""Bytes of a tensor that glibc gives back by itself in any case."""
PAGES = LARGE // resource.getpagesize()


def cleared() -> int:
    """Pages that the system has cleared for this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def pages_of(run: Callable[[], object]) -> int:
    before = cleared()
    run()
    return cleared() - before


def write() -> None:
    """Ask for a large tensor, write on all of it, and free it."""
    torch.zeros(LARGE, dtype=torch.uint8).add_(1)


@needs_glibc
def test_pages_are_cleared_once_within_and_every_time_outside():
    write()
    assert pages_of(write) >= PAGES
    with kept_memory():
        write()
        assert pages_of(write) < PAGES / 10
    assert pages_of(write) >= PAGES


@needs_glibc
def test_it_ends_with_an_error_too():
    with pytest.raises(ZeroDivisionError), kept_memory():
        1 / 0  # noqa: B018
    assert pages_of(write) >= PAGES


def test_what_was_set_from_outside_is_left_alone(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    assert not can_keep_memory()
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_")
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    assert not can_keep_memory()
