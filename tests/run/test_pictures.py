"""Promises of pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from torchvision.utils import make_grid

import ganzoo
from ganzoo.run.pictures import (
    ANIMATIONS,
    PICTURES,
    enlarged,
    grid,
    save_animation,
    save_grid,
    save_singles,
    to_rgb,
)


def test_pixels_span_the_whole_range():
    images = torch.tensor([-1.0, 0.0, 1.0, 7.0]).view(1, 1, 1, 4)
    assert to_rgb(images)[0, 0, 0].tolist() == [0, 128, 255, 255]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_any_number_of_channels_can_be_shown(channels):
    assert to_rgb(torch.zeros(2, channels, 4, 4)).shape == (2, 3, 4, 4)


def test_a_grid_shows_images_row_by_row():
    images = torch.stack([torch.full((1, 2, 2), value) for value in (-1.0, 0.0, 1.0)])
    picture = grid(images, columns=2)
    assert picture.shape == (3, 10, 10)
    assert picture[0, 2, 2] == 0
    assert picture[0, 2, 6] == 128
    assert picture[0, 6, 2] == 255


@pytest.mark.parametrize("columns", [None, 1, 3, 50])
@pytest.mark.parametrize(("count", "shape"), [(1, (1, 3, 5)), (7, (3, 4, 4)), (9, (1, 2, 2))])
def test_a_grid_is_that_of_torchvision(count, shape, columns):
    images = torch.rand(count, *shape) * 2 - 1
    across = columns or int(np.ceil(np.sqrt(count)))
    expected = make_grid(to_rgb(images), nrow=across, padding=2, pad_value=255)
    assert torch.equal(grid(images, columns), expected)


def test_a_grid_is_written_as_it_is(tmp_path):
    images = torch.rand(4, 3, 8, 8) * 2 - 1
    path = save_grid(images, tmp_path / "new" / "grid.png")
    with Image.open(path) as picture:
        assert np.array_equal(np.asarray(picture), grid(images).permute(1, 2, 0).numpy())


def test_single_images_keep_their_pixels_and_grey_stays_grey(tmp_path):
    images = torch.rand(3, 1, 8, 8) * 2 - 1
    paths = save_singles(images, tmp_path)
    assert [path.name for path in paths] == ["00000.png", "00001.png", "00002.png"]
    with Image.open(paths[1]) as picture:
        assert picture.mode == "L"
        assert np.array_equal(np.asarray(picture), to_rgb(images)[1, 0].numpy())


def test_single_images_replace_all_of_an_earlier_sample_or_none(tmp_path):
    images = torch.rand(3, 1, 8, 8) * 2 - 1
    save_singles(images, tmp_path)
    save_singles(-images, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ganzoo.UsageError, match=r"has 1 more images of .* such as 00002\.png"):
        save_singles(images[:2], tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / "notes.txt").touch()
    (tmp_path / "1.png").touch()
    assert len(save_singles(images, tmp_path)) == 3


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_enlarging_repeats_pixels(scale):
    picture = grid(torch.rand(4, 3, 8, 8) * 2 - 1)
    as_image = Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy())
    size = (scale * as_image.width, scale * as_image.height)
    expected = np.asarray(as_image.resize(size, Image.Resampling.NEAREST))
    assert np.array_equal(enlarged(picture, scale).permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize(
    ("size", "count", "scale"), [(16, 64, 4), (28, 64, 3), (32, 64, 2), (64, 64, 1), (8, 1, 4)]
)
def test_small_grids_are_enlarged_if_no_scale_is_given(size, count, scale):
    picture = grid(torch.zeros(count, 1, size, size))
    assert enlarged(picture).shape[1] == scale * picture.shape[1]


@pytest.mark.parametrize("suffix", PICTURES)
def test_the_suffix_of_a_picture_gives_its_format(suffix, tmp_path):
    images = torch.rand(4, 3, 8, 8) * 2 - 1
    with Image.open(save_grid(images, tmp_path / f"grid{suffix}", scale=2)) as picture:
        assert picture.format == PICTURES[suffix]
        assert picture.size == (44, 44)


def read(frame: Image.Image) -> tuple[tuple[int, ...], float]:
    """First pixel and delay in milliseconds; some formats know it once they are decoded."""
    pixel = frame.convert("RGB").getpixel((0, 0))
    return pixel, frame.info["duration"]


@pytest.mark.parametrize("suffix", [s for s in ANIMATIONS if s != ".mp4"])
@pytest.mark.parametrize("fps", [7, 10, 16, 50])
def test_an_animation_has_every_frame_at_its_rate_and_never_ends(suffix, fps, tmp_path):
    """A delay of GIF is a multiple of 10 ms, one of WebP of 1 ms: their sum is right."""
    frames = [torch.full((3, 8, 8), 20 * k, dtype=torch.uint8) for k in range(12)]
    with Image.open(save_animation(frames, tmp_path / f"walk{suffix}", fps)) as picture:
        assert picture.format == ANIMATIONS[suffix]
        assert picture.n_frames == 12
        assert picture.info["loop"] == 0
        frames_read = [read(frame) for frame in ImageSequence.Iterator(picture)]
    pixels, delays = zip(*frames_read, strict=True)
    assert pixels == tuple((20 * k,) * 3 for k in range(12))
    assert sum(delays) == pytest.approx(12 * 1000 / fps, abs=5)
    assert max(delays) - min(delays) <= 10


def test_a_gif_is_not_faster_than_players_show_it(tmp_path):
    frames = [torch.zeros(3, 8, 8, dtype=torch.uint8)]
    with pytest.raises(ganzoo.UsageError, match=r"at most 50 .* fps=60; end the name in \.webp"):
        save_animation(frames, tmp_path / "walk.gif", 60)
    assert list(tmp_path.iterdir()) == []
    frames = [torch.full((3, 8, 8), 20 * k, dtype=torch.uint8) for k in range(6)]
    with Image.open(save_animation(frames, tmp_path / "walk.webp", 60)) as picture:
        assert sum(read(frame)[1] for frame in ImageSequence.Iterator(picture)) == 100


@pytest.mark.parametrize("name", ["grid.txt", "grid.mpg", "grid.h5", "grid.ico", "grid", ".png"])
def test_an_ending_that_is_no_picture_is_refused(name, tmp_path):
    with pytest.raises(ganzoo.UsageError, match=r"end the name in \.png, \.jpg, .* or \.tiff"):
        save_grid(torch.zeros(1, 1, 4, 4), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["walk.avi", "walk.txt", "walk.jpg", "walk"])
def test_an_ending_that_is_no_animation_is_refused(name, tmp_path):
    frames = [torch.zeros(3, 8, 8, dtype=torch.uint8)]
    with pytest.raises(ganzoo.UsageError, match=r"in \.gif, \.png, \.apng, \.webp or \.mp4$"):
        save_animation(frames, tmp_path / name, 10)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_is_too_large_for_its_format_is_an_error(tmp_path):
    with pytest.raises(ganzoo.GanzooError, match=r"cannot write .*grid\.webp: .*16383"):
        save_grid(torch.zeros(1, 1, 1, 20_000), tmp_path / "grid.webp")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_an_error_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ganzoo.GanzooError, match="cannot write"):
        save_grid(torch.zeros(1, 1, 4, 4), tmp_path / "file" / "grid.png")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_grid_of_no_images_is_refused(tmp_path):
    with pytest.raises(ganzoo.UsageError, match="at least one image"):
        save_grid(torch.zeros(0, 3, 8, 8), tmp_path / "none.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "images", [torch.zeros(3, 8, 8), torch.zeros(2, 3, 8, 8).numpy(), [torch.zeros(3, 8, 8)]]
)
def test_a_grid_is_of_a_batch_of_images(images, tmp_path):
    with pytest.raises(ganzoo.UsageError, match=r"a tensor \(N, C, H, W\); got"):
        save_grid(images, tmp_path / "grid.png")


@pytest.mark.parametrize("wrong", [{"columns": 0}, {"columns": -2}, {"scale": 0}, {"scale": 1.5}])
def test_columns_and_scale_of_a_grid_are_whole_numbers(wrong, tmp_path):
    with pytest.raises(ganzoo.UsageError, match="should be a whole number of at least 1"):
        save_grid(torch.zeros(4, 1, 8, 8), tmp_path / "grid.png", **wrong)


@pytest.mark.parametrize("fps", [float("nan"), float("inf"), 0])
def test_frames_have_a_rate(fps, tmp_path):
    with pytest.raises(ganzoo.UsageError, match="fps is .*, but should be a number above 0"):
        save_animation([torch.zeros(3, 8, 8).byte()] * 2, tmp_path / "walk.webp", fps)
