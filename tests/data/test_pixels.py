"""Promises of pixels: 8 bits to [-1, 1] and back lose nothing."""

from __future__ import annotations

import pytest
import torch

import ganzoo
from ganzoo.data.pixels import to_images, to_uint8


def test_every_value_of_a_pixel_comes_back():
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 16, 16, 1)
    images = to_images(pixels)
    assert images.shape == (1, 1, 16, 16)
    assert (images.min(), images.max()) == (-1, 1)
    assert torch.equal(to_uint8(images), pixels.permute(0, 3, 1, 2))


def test_what_lies_outside_is_clamped_and_half_precision_is_rounded_as_float32():
    assert to_uint8(torch.tensor([-7.0, 7.0])).tolist() == [0, 255]
    assert to_uint8(torch.tensor([0.5], dtype=torch.bfloat16)).tolist() == [191]


def test_integers_of_no_declared_range_are_refused():
    pixels = torch.tensor([0, 255])
    with pytest.raises(ganzoo.UsageError, match=r"got torch\.int64"):
        to_uint8(pixels)
    assert to_uint8(pixels, (0, 255)).tolist() == [0, 255]
