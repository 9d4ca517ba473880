"""A place of its own for each sweep, and `ganzoo` in this process."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _place(empty_place):
    """Each test works in an empty folder."""
