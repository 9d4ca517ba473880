"""Memory on CPUs: what one step frees is kept for the next.

Each step of training asks for the same tensors as the one before. The C library gives large ones
back to the system when they are freed, and the system clears every page of theirs when they are
asked for again, which costs more than many an operation on them does. This helps in a program's
main thread alone: the heaps of others are too small for large tensors.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Bytes free at the heap's end that are given back, and bytes of an allocation that is mapped by
itself and given back whole (`man mallopt`)."""

KEPT, LARGE = 2**31 - 1, (2**30, 2**25)
"""While steps run. Older releases of glibc take no more than 2^25 for the second."""

USUAL = (2**26, 2**25)
"""What glibc goes up to of itself where a program frees large blocks."""


@cache
def _library() -> Any:
    """The C library, if it is one that can be told what to keep."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def can_keep_memory() -> bool:
    """Whether the C library can be told to, and nobody has told it otherwise from outside."""
    told = [name for name in os.environ if name.startswith("MALLOC_")]
    told += ["glibc.malloc"] * ("glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""))
    return _library() is not None and not told


@contextmanager
def kept_memory() -> Iterator[None]:
    """Within it, freed memory stays with the process, up to 2 GiB; afterwards it is given back."""
    library = _library()
    library.mallopt(M_TRIM_THRESHOLD, KEPT)
    any(library.mallopt(M_MMAP_THRESHOLD, size) for size in LARGE)
    try:
        yield
    finally:
        trim, mapped = USUAL
        library.mallopt(M_TRIM_THRESHOLD, trim)
        library.mallopt(M_MMAP_THRESHOLD, mapped)
        library.malloc_trim(0)
