"""Promises of resampling, against exact operations on tensors and Pillow's bicubic transform."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ganzoo_ada import resampling
from ganzoo_ada.geometry import rotation, scaling, translation
from ganzoo_ada.resampling import Resampling, moved_by_pixels
from PIL import Image

DOUBLE = torch.float64
SHAPES = [(1, 12, 12), (3, 9, 14), (3, 32, 32)]


def noise(n, *shape):
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)


def waves(x, y, shape):
    """Values at points in pixels from the centre: cosines, even about the outermost pixels."""
    channels, height, width = shape
    along = math.pi * (x / max(width - 1, 1) + 0.5)
    down = math.pi * (y / max(height - 1, 1) + 0.5)
    return torch.stack(
        [(2 * along).cos() * (down * (k + 1)).cos() + 0.5 * along.cos() for k in range(channels)]
    )


def pixels(shape):
    """Positions from the centre."""
    rows, columns = (torch.arange(size, dtype=DOUBLE) - (size - 1) / 2 for size in shape[1:])
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return x, y


def smooth(*shape):
    return waves(*pixels(shape), shape)[None]


def of(value):
    return torch.tensor([value], dtype=DOUBLE)


def reflected(image, margin):
    widths = ((0, 0), (margin, margin), (margin, margin))
    return torch.from_numpy(np.pad(image.numpy(), widths, mode="reflect"))


def shifted(image, right, down):
    """With the reflection coming in."""
    _, height, width = image.shape
    wide = reflected(image, 8)
    return wide[:, 8 - down : 8 - down + height, 8 - right : 8 - right + width]


def by_pillow(image, matrix):
    """Each channel by bicubic interpolation, with the reflection around."""
    _, height, width = image.shape
    margin = 2 * max(height, width)
    wide = np.pad(image.numpy(), ((0, 0), (margin, margin), (margin, margin)), mode="reflect")
    # From centred pixels to Pillow's, which counts corners of the wide image.
    (a, b, c), (d, e, f) = matrix[:2].tolist()
    cx, cy = width / 2, height / 2
    data = (a, b, c + cx + margin - a * cx - b * cy, d, e, f + cy + margin - d * cx - e * cy)
    channels = [
        Image.fromarray(channel.astype(np.float32)).transform(
            (width, height), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC
        )
        for channel in wide
    ]
    return torch.from_numpy(np.stack([np.array(channel) for channel in channels])).double()


# --- Whole pixels


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mirror_is_a_flip_and_a_shift_brings_in_the_reflection_exactly(shape):
    images = noise(2, *shape)
    both = torch.cat([scaling(of(-1.0), 1), translation(of(-3.0), of(2.0))])
    flipped, moved = moved_by_pixels(images, both)
    assert torch.equal(flipped, images[0].flip(2))
    assert torch.equal(moved, shifted(images[1], 3, -2))


@pytest.mark.parametrize("shape", [(1, 12, 12), (3, 5, 5)])
@pytest.mark.parametrize("turns", range(4))
def test_a_quarter_turn_is_rot90_exactly(shape, turns):
    image = noise(1, *shape)
    moved = moved_by_pixels(image, rotation(of(math.pi / 2 * turns)))
    assert torch.equal(moved, image.rot90(turns, (2, 3)))


@pytest.mark.parametrize("shape", [(1, 4, 8), (1, 5, 8), (1, 8, 5)])
def test_a_quarter_turn_of_a_rectangle_takes_whole_rows_to_columns(shape):
    """However its centre lies between the pixels."""
    image = torch.arange(shape[1], dtype=DOUBLE)[:, None].expand(1, *shape)
    moved = moved_by_pixels(image, rotation(of(math.pi / 2)))
    assert (moved == moved[:, :, :1]).all()
    assert (moved[0, 0, 0].diff().abs() == 1).all()


# --- Any map


@pytest.mark.parametrize("shape", [*SHAPES, (1, 1, 1), (2, 2, 5)])
def test_the_identity_changes_nothing(shape):
    images = noise(3, *shape)
    unmoved = Resampling()(images, torch.eye(3, dtype=DOUBLE).expand(3, 3, 3))
    torch.testing.assert_close(unmoved, images, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shift_by_whole_pixels_is_exact_where_nothing_comes_in(shape):
    image = noise(1, *shape)
    (moved,) = Resampling()(image, translation(of(-1.0), of(2.0)))
    inner = (..., slice(0, -2), slice(1, None))
    torch.testing.assert_close(moved[inner], shifted(image[0], 1, -2)[inner], rtol=0, atol=1e-6)


MAPS = {
    "mirrored": scaling(of(-1.0), 1),
    "upside down": rotation(of(math.pi)),
    "a quarter turn": rotation(of(math.pi / 2)),
    "rotated": rotation(of(0.5)),
    "rotated far": rotation(of(-2.5)),
    "enlarged": scaling(of(0.7), of(0.7)),
    "reduced": scaling(of(1.4), of(1.4)),
    "stretched": scaling(of(0.8), of(1.25)),
    "moved": translation(of(2.3), of(-3.6)),
    "everything": rotation(of(2.0)) @ scaling(of(1.1), of(0.8)) @ translation(of(-1.5), of(0.7)),
}


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 24, 40)])
@pytest.mark.parametrize("name", MAPS)
def test_waves_take_the_values_of_their_sources_reflected_however_far_outside(name, shape):
    x, y = pixels(shape)
    (map_,) = MAPS[name]
    sources = [map_[axis, 0] * x + map_[axis, 1] * y + map_[axis, 2] for axis in (0, 1)]
    (moved,) = Resampling()(smooth(*shape), map_[None])
    torch.testing.assert_close(moved, waves(*sources, shape), rtol=0, atol=0.02)


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 24, 40)])
@pytest.mark.parametrize("name", MAPS)
def test_images_are_moved_as_pillow_moves_them(name, shape):
    image = smooth(*shape)
    (moved,) = Resampling()(image, MAPS[name])
    torch.testing.assert_close(moved, by_pillow(image[0], MAPS[name][0]), rtol=0, atol=0.06)


def test_a_batch_in_pieces_is_the_batch(monkeypatch):
    images, maps = noise(5, 3, 8, 8), torch.cat(list(MAPS.values())[:5])
    whole = Resampling()(images, maps)
    monkeypatch.setattr(resampling, "PIECE", 2 * 64)
    torch.testing.assert_close(Resampling()(images, maps), whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("function", [Resampling(), moved_by_pixels])
def test_first_and_second_derivatives_are_finite_differences(function):
    images = noise(2, 2, 4, 5).requires_grad_()
    maps = torch.cat([MAPS["everything"], MAPS["rotated"]])
    assert torch.autograd.gradcheck(lambda x: function(x, maps), images)
    assert torch.autograd.gradgradcheck(lambda x: function(x, maps), images)
