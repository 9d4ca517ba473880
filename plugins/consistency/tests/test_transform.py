"""Promises of the flips and shifts, against slices of torch's reflection padding."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from ganzoo_consistency.transform import FlipShift

SHAPES = [(1, 8, 8), (3, 16, 24), (3, 28, 9)]


def pictures(n, *shape):
    rng = torch.Generator().manual_seed(1)
    return torch.rand(n, *shape, generator=rng) * 2 - 1


def candidates(image):
    """Every flip and shift of an image `(C, H, W)`, cut out of the padded image."""
    _, height, width = image.shape
    most_rows, most_columns = height // 8, width // 8
    found = []
    for flipped in (image, image.flip(2)):
        padding = (most_columns, most_columns, most_rows, most_rows)
        padded = F.pad(flipped[None], padding, mode="reflect")[0]
        found += [
            padded[:, top : top + height, left : left + width]
            for top in range(2 * most_rows + 1)
            for left in range(2 * most_columns + 1)
        ]
    return torch.stack(found)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_flip_and_shift_of_up_to_an_eighth_comes_equally_often(shape):
    torch.manual_seed(0)
    count = 4000
    image = pictures(1, *shape)
    out = FlipShift()(image.expand(count, *shape))
    every = candidates(image[0])
    same = (out[:, None] == every).flatten(2).all(2)
    assert (same.sum(1) == 1).all()
    often = same.float().mean(0) * len(every)
    torch.testing.assert_close(often, torch.ones_like(often), rtol=0, atol=0.5)


def test_small_images_are_only_mirrored():
    torch.manual_seed(0)
    image = pictures(1, 1, 4, 7)
    out = FlipShift()(image.expand(100, -1, -1, -1))
    mirrored = (out == image.flip(3)).flatten(1).all(1)
    assert ((out == image).flatten(1).all(1) ^ mirrored).all()
    assert 30 < mirrored.sum() < 70


def test_every_image_is_transformed_by_itself():
    """Each is a flip and shift of its own picture, in its own place of the batch."""
    torch.manual_seed(0)
    images = pictures(16, 3, 16, 16)
    for image, out in zip(images, FlipShift()(images), strict=True):
        assert (candidates(image) == out).flatten(1).all(1).sum() == 1


def test_its_gradient_goes_back_to_the_pixel_that_a_value_came_from():
    """The gradient of the sum of squares is 2 x, times how often x is used."""
    torch.manual_seed(0)
    images = pictures(8, 1, 16, 16).requires_grad_()
    out = FlipShift()(images)
    (gradient,) = torch.autograd.grad(out.square().sum(), images)
    used = [(out[n][..., None] == images[n].flatten()).sum((0, 1, 2)) for n in range(8)]
    expected = 2 * images.detach().flatten(1) * torch.stack(used)
    torch.testing.assert_close(gradient.flatten(1), expected)
