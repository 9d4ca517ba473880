"""Every promise that ganzoo relies on."""

from __future__ import annotations

import pytest

import ganzoo.testing

pytest.importorskip("tensorboard")


@ganzoo.testing.conformance("ganzoo_tensorboard.plugin")
def test_conformance(check):
    check()
