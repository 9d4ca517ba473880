"""Promises of pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.utils import make_grid

import ganzoo
from ganzoo.run.pictures import grid, save_gif, save_grid, save_singles, to_rgb


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


def test_a_gif_has_every_frame_and_never_ends(tmp_path):
    frames = [torch.full((3, 8, 8), 60 * k, dtype=torch.uint8) for k in range(4)]
    with Image.open(save_gif(frames, tmp_path / "walk.gif", fps=10)) as picture:
        assert picture.n_frames == 4
        assert picture.info["loop"] == 0
        assert picture.info["duration"] == 100


def test_an_ending_that_is_no_picture_is_refused(tmp_path):
    with pytest.raises(ganzoo.GanzooError, match="end the name in .png"):
        save_grid(torch.zeros(1, 1, 4, 4), tmp_path / "grid.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_an_error_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ganzoo.GanzooError, match="cannot write"):
        save_grid(torch.zeros(1, 1, 4, 4), tmp_path / "file" / "grid.png")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
