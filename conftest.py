"""What holds for the tests of the core and of every plugin: threads, and what is slow."""

from __future__ import annotations

import os

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Several workers, and the programs that they start, share the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the kit's checks with the compiler as slow, before pytest selects by marks."""
    for item in items:
        if item.name.endswith("-torch_compile]"):
            item.add_marker(pytest.mark.slow)
