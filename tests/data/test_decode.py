"""Promises of decoding: any image becomes uint8 pixels of the training shape."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganzoo import UsageError
from ganzoo.data.decode import natural_channels, to_pixels

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "I;16", "PA", "La"]
MODES += ["I;16B", "LAB", "RGBX", "RGBa"]


def picture(mode: str, size: tuple[int, int], fill: int = 128) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.full(size[::-1], fill * 257, np.uint16))
    if mode == "I;16B":
        return Image.frombytes(mode, size, np.full(size[::-1], fill * 257, ">u2").tobytes())
    if mode == "I":
        return Image.fromarray(np.full(size[::-1], fill * 257, np.int32))
    if mode == "PA":
        return Image.new("LA", size, (fill, 255)).convert("PA")
    if mode == "La":
        return Image.new("LA", size, (fill, 255)).convert("La")
    if mode == "RGBa":
        return Image.new("RGBA", size, (fill, fill, fill, 255)).convert("RGBa")
    if mode == "P":
        return Image.new("RGB", size, (fill,) * 3).quantize(4)
    return Image.new("RGBA", size, (fill, fill, fill, 255)).convert("RGB").convert(mode)


@settings(deadline=None, max_examples=60)
@given(
    mode=st.sampled_from(MODES),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    channels=st.sampled_from([1, 3]),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_any_mode_and_size_becomes_the_shape_asked_for(mode, size, channels, shape):
    pixels = to_pixels(picture(mode, size), channels, *shape)
    assert pixels.shape == (*shape, channels)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("mode", [m for m in MODES if m not in ("1",)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_plain_grey_stays_that_grey_in_every_mode(mode, channels):
    pixels = to_pixels(picture(mode, (8, 8)), channels, 8, 8)
    assert np.abs(pixels.astype(int) - 128).max() <= 2


def test_an_image_of_the_right_shape_passes_unchanged():
    exact = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert np.array_equal(to_pixels(Image.fromarray(exact), 3, 5, 7), exact)
    tensor = torch.from_numpy(exact).permute(2, 0, 1)
    assert np.array_equal(to_pixels(tensor, 3, 5, 7), exact)


def test_alpha_is_laid_on_white():
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    half.paste((255, 0, 0, 128), (0, 0, 2, 4))
    pixels = to_pixels(half, 3, 4, 4)
    assert pixels[0, 3].tolist() == [255, 255, 255]
    assert pixels[0, 0].tolist() == [255, 127, 127]


def test_alpha_of_a_tensor_is_laid_on_white_too():
    clear = torch.zeros(4, 2, 2, dtype=torch.uint8)
    assert to_pixels(clear, 3, 2, 2).min() == 255


@pytest.mark.parametrize(("mode", "black"), [("1", 0), ("L", 0), ("RGB", (0, 0, 0))])
def test_a_colour_declared_transparent_becomes_white(mode, black):
    file = io.BytesIO()
    Image.new(mode, (4, 4)).save(file, "PNG", transparency=black)
    assert to_pixels(Image.open(file), 3, 4, 4).min() == 255


def test_a_transparent_palette_colour_becomes_white():
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.paste(1, (0, 0, 2, 4))
    file = io.BytesIO()
    image.save(file, "PNG", transparency=0)
    pixels = to_pixels(Image.open(file), 3, 4, 4)
    assert pixels[0, 3].tolist() == [255, 255, 255]
    assert pixels[0, 0].tolist() == [200, 0, 0]


ORIENTATIONS = {  # the EXIF standard: how stored rows and columns are to be seen
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].T,
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_cameras_rotation_is_applied(orientation):
    stored = np.random.default_rng(0).integers(0, 256, (4, 7), np.uint8)
    seen = ORIENTATIONS[orientation](stored)
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(file, "PNG", exif=exif)
    assert np.array_equal(to_pixels(Image.open(file), 1, *seen.shape)[:, :, 0], seen)


def test_a_damaged_description_of_the_camera_does_not_cost_the_image():
    file = io.BytesIO()
    Image.new("L", (4, 4), 9).save(file, "JPEG", exif=b"Exif\0\0nonsense")
    assert to_pixels(Image.open(file), 1, 4, 4).tolist() == [[[9]] * 4] * 4


@pytest.mark.parametrize("mode", ["I;16", "I"])
def test_sixteen_bits_become_eight_over_the_whole_range(mode):
    kind = np.uint16 if mode == "I;16" else np.int32
    wide = np.array([[0, 257, 32896, 65535]], kind)
    pixels = to_pixels(Image.fromarray(wide), 1, 1, 4)
    assert pixels[0, :, 0].tolist() == [0, 1, 128, 255]


def test_colour_becomes_grey_by_brightness_and_grey_becomes_equal_colours():
    greys = [
        to_pixels(Image.new("RGB", (1, 1), colour), 1, 1, 1).item()
        for colour in ("#ff0000", "#00ff00", "#0000ff")
    ]
    assert greys == [76, 150, 29]  # ITU-R 601: 0.299, 0.587, 0.114
    assert to_pixels(Image.new("L", (1, 1), 77), 3, 1, 1).tolist() == [[[77] * 3]]
    assert to_pixels(torch.full((3, 1, 1), 77, dtype=torch.uint8), 1, 1, 1).tolist() == [[[77]]]


def test_inks_become_colours():
    assert to_pixels(Image.new("CMYK", (1, 1), (0, 255, 255, 0)), 3, 1, 1).tolist() == [
        [[255, 0, 0]]
    ]


def test_the_centre_is_cropped_to_the_proportions_asked_for():
    wide = np.zeros((4, 12, 3), np.uint8)
    wide[:, 4:8] = 255
    assert to_pixels(Image.fromarray(wide), 1, 4, 4).min() == 255


def test_downscaling_averages_rather_than_skips():
    board = np.indices((64, 64)).sum(0) % 2 * 255
    pixels = to_pixels(Image.fromarray(board.astype(np.uint8)), 1, 8, 8)
    assert np.abs(pixels.astype(int) - 128).max() <= 4


def test_a_tensor_of_two_channels_keeps_them():
    points = torch.tensor([3, 250], dtype=torch.uint8).view(2, 1, 1)
    assert to_pixels(points, 2, 1, 1).tolist() == [[[3, 250]]]
    assert to_pixels(points.expand(2, 4, 4), 2, 8, 8).shape == (8, 8, 2)


def test_channels_that_cannot_be_had_are_refused():
    with pytest.raises(UsageError, match="2 channels, which cannot become 3"):
        to_pixels(torch.zeros(2, 4, 4, dtype=torch.uint8), 3, 4, 4)
    with pytest.raises(UsageError, match=r"1 \(grey\) or 3 \(RGB\) channels, not 2"):
        to_pixels(Image.new("RGB", (4, 4)), 2, 4, 4)


@pytest.mark.parametrize("wrong", [torch.zeros(1, 4, 4), torch.zeros(4, 4, dtype=torch.uint8)])
def test_a_tensor_that_is_no_uint8_image_is_refused(wrong):
    with pytest.raises(ValueError, match=r"must be uint8 \(C, H, W\)"):
        to_pixels(wrong, 1, 4, 4)


def test_floating_point_pixels_are_refused():
    with pytest.raises(ValueError, match="no agreed range"):
        to_pixels(Image.new("F", (4, 4)), 1, 4, 4)


def test_natural_channels_are_one_for_grey_and_three_for_colour():
    assert [natural_channels(picture(m, (2, 2))) for m in ("1", "L", "LA", "I;16")] == [1] * 4
    assert [natural_channels(picture(m, (2, 2))) for m in ("RGB", "RGBA", "P", "CMYK")] == [3] * 4
    assert natural_channels(torch.zeros(2, 1, 1)) == 2
