"""Promises of folders as sources of an evaluation."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo.data.folder import open_folder
from ganzoo.evaluation.sources import Folder


def put(path, mode="RGB", size=(8, 6), colour=0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def reds(source, n: int) -> list[int]:
    """The red values of n images, which tell them apart."""
    return sorted(source.draw(n, seed=0).images[:, 0, 0, 0].tolist())


@pytest.fixture
def odd(tmp_path):
    """A folder in which other finders find other images than that of training."""
    for k in range(6):
        put(tmp_path / "photos" / f"class-{k % 2}" / f"{k}.png", colour=(k, 0, 0))
    put(tmp_path / "photos" / "beside.png", colour=(50, 0, 0))
    put(tmp_path / "photos" / ".hidden" / "1.png", colour=(51, 0, 0))
    put(tmp_path / "photos" / "class-0" / "._0.png", colour=(52, 0, 0))
    put(tmp_path / "photos" / "class-1" / "named.png" / "6.png", colour=(6, 0, 0))
    put(tmp_path / "linked" / "7.png", colour=(7, 0, 0))
    (tmp_path / "photos" / "class-1" / "linked").symlink_to(tmp_path / "linked")
    return tmp_path / "photos"


@pytest.mark.filterwarnings("ignore:.*beside the folders")
def test_an_evaluation_finds_the_images_of_a_training(odd):
    dataset = ganzoo.create("dataset", "image-folder", path=odd).open()
    trained = ganzoo.ImageStore.from_source(dataset, size=(6, 8)).images[:, 0, 0, 0]
    folder = Folder(odd).decoded(None)
    assert folder.count == 8
    assert reds(folder, 8) == sorted(trained.tolist()) == list(range(8))


def test_what_is_left_out_is_told_of(odd):
    with pytest.warns(ganzoo.GanzooWarning, match=r"left out: 1, the first is .*beside.png"):
        Folder(odd)


def test_one_odd_picture_does_not_decide_the_size(tmp_path):
    put(tmp_path / "0.png", size=(100, 30))
    for k in range(1, 5):
        put(tmp_path / f"{k}.png", colour=(k, 0, 0))
    with pytest.warns(ganzoo.GanzooWarning, match=r"2 sizes; .* 6x8 .* which 4 of 5 have"):
        folder = Folder(tmp_path).decoded(None)
    assert folder.spec.shape == (3, 6, 8)
    assert Folder(tmp_path).decoded(ganzoo.ImageSpec(1, 5, 5)).spec.shape == (1, 5, 5)


def test_a_grey_picture_does_not_take_the_colour_of_the_others(tmp_path):
    put(tmp_path / "0.png", "L")
    for k in range(1, 4):
        put(tmp_path / f"{k}.png", colour=(k, 0, 0))
    assert reds(Folder(tmp_path).decoded(None), 4) == [0, 1, 2, 3]


def test_unreadable_images_may_be_left_out(tmp_path):
    for k in range(3):
        put(tmp_path / f"{k}.png", colour=(k, 0, 0))
    (tmp_path / "0.png").write_bytes(b"no image")
    with pytest.raises(ganzoo.DataError, match=r"1 image\(s\) cannot be read"):
        Folder(tmp_path).decoded(None)
    with pytest.warns(ganzoo.GanzooWarning, match="1 unreadable"):
        assert reds(Folder(tmp_path, skip_bad_images=True).decoded(None), 2) == [1, 2]


def test_the_test_split_of_a_folder_is_held_out(tmp_path):
    for k in range(6):
        put(tmp_path / ("test" if k > 3 else "train") / f"{k}.png", colour=(k, 0, 0))
    folder = Folder(tmp_path).decoded(None)
    assert (folder.count, folder.reserve, folder.split) == (4, 2, "train")
    assert reds(folder, 4) == [0, 1, 2, 3]
    held_out = folder.draw_held_out(2, seed=0).images[:, 0, 0, 0]
    assert sorted(held_out.tolist()) == [4, 5]


def test_without_splits_half_of_a_folder_can_be_held_out(tmp_path):
    for k in range(6):
        put(tmp_path / f"{k}.png", colour=(k, 0, 0))
    folder = Folder(tmp_path).decoded(None)
    assert (folder.count, folder.reserve, folder.split) == (6, 3, "")
    both = [folder.draw(3, seed=0), folder.draw_held_out(3, seed=0)]
    assert sorted(torch.cat([half.images[:, 0, 0, 0] for half in both]).tolist()) == list(range(6))


def test_classes_of_a_folder_are_no_labels_of_an_evaluation(tmp_path):
    for k, name in enumerate(("cat", "dog")):
        put(tmp_path / name / "1.png", colour=(k, 0, 0))
    assert open_folder(tmp_path).spec.num_classes == 2
    folder = Folder(tmp_path).decoded(None)
    assert (folder.spec.num_classes, folder.draw(2, seed=0).labels) == (0, None)
