"""Promises of the folder of pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_paired_folder.dataset import PairedFolder
from ganzoo_paired_folder.options import PairedFolderOptions
from PIL import ExifTags, Image

import ganzoo


def pairs(path, split="train", **options) -> ganzoo.ImageSource:
    return PairedFolder(PairedFolderOptions(path=path, **options)).open(split)


def put(path: Path, shade: int = 0, size: tuple[int, int] = (8, 6), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, shade if mode == "L" else (shade,) * 3).save(path)


def put_pairs(path: Path, first: int = 0, count: int = 3) -> None:
    """The k-th image of A has the shade k, its counterpart 100 + k."""
    for k in range(first, first + count):
        put(path / "A" / f"{k}.png", k, mode="L")
        put(path / "B" / f"{k}.png", 100 + k)


def put_side_by_side(path: Path, a: int, b: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    both = Image.new("RGB", (16, 6), (a,) * 3)
    both.paste((b,) * 3, (8, 0, 16, 6))
    both.save(path)


def shades(source: ganzoo.ImageSource) -> list[tuple[int, int]]:
    """The shade of each image, and of its condition; each has one."""
    found = []
    for k in range(len(source.images)):
        parts = [np.unique(np.asarray(part)).tolist() for part in source.images[k]]
        assert [len(part) for part in parts] == [1, 1]
        found.append((parts[0][0], parts[1][0]))
    return found


def test_files_of_one_name_in_a_and_b_are_a_pair(tmp_path):
    put_pairs(tmp_path)
    source = pairs(tmp_path)
    assert shades(source) == [(100, 0), (101, 1), (102, 2)]
    assert source.spec == ganzoo.ImageSpec(3, 6, 8, condition=ganzoo.Picture(1))
    assert source.locate(1) == f"{tmp_path}/B/1.png of {tmp_path}/A/1.png"


def test_the_direction_exchanges_image_and_condition(tmp_path):
    put_pairs(tmp_path)
    source = pairs(tmp_path, direction="b-to-a")
    assert shades(source) == [(0, 100), (1, 101), (2, 102)]
    assert source.spec == ganzoo.ImageSpec(1, 6, 8, condition=ganzoo.Picture(3))


@pytest.mark.parametrize(("direction", "expected"), [("a-to-b", (120, 3)), ("b-to-a", (3, 120))])
def test_the_left_half_of_a_file_is_a_and_the_right_half_b(tmp_path, direction, expected):
    put_side_by_side(tmp_path / "x.png", 3, 120)
    source = pairs(tmp_path, direction=direction)
    assert shades(source) == [expected]
    assert source.spec == ganzoo.ImageSpec(3, 6, 8, condition=ganzoo.Picture(3))


def test_the_endings_and_folders_below_may_differ_in_nothing_but_the_ending(tmp_path):
    put(tmp_path / "A" / "cat" / "x.png", 1)
    put(tmp_path / "A" / "dog" / "x.png", 2)
    put(tmp_path / "B" / "cat" / "x.bmp", 101)
    put(tmp_path / "B" / "dog" / "x.tif", 102)
    assert shades(pairs(tmp_path)) == [(101, 1), (102, 2)]


@pytest.mark.parametrize("layout", ["{split}/{side}", "{side}/{split}"])
def test_splits_lie_above_a_and_b_or_in_them(tmp_path, layout):
    for split, shade in (("train", 0), ("test", 50)):
        for side, more in (("A", 0), ("B", 100)):
            put(tmp_path / layout.format(split=split, side=side) / "x.png", shade + more)
    assert shades(pairs(tmp_path)) == [(100, 0)]
    assert shades(pairs(tmp_path, "test")) == [(150, 50)]
    with pytest.raises(ganzoo.UsageError, match="no split 'val'"):
        pairs(tmp_path, "val")


def test_files_of_both_have_splits_too(tmp_path):
    put_side_by_side(tmp_path / "train" / "x.png", 3, 120)
    put_side_by_side(tmp_path / "val" / "x.png", 4, 130)
    assert shades(pairs(tmp_path, "val")) == [(130, 4)]


def test_images_without_a_counterpart_are_counted_in_both_folders(tmp_path):
    put_pairs(tmp_path)
    (tmp_path / "A" / "2.png").unlink()
    put(tmp_path / "A" / "more.png")
    put(tmp_path / "A" / "most.png")
    with pytest.raises(ganzoo.DataError) as error:
        pairs(tmp_path)
    assert f"2 in {tmp_path}/A, the first is more" in str(error.value)
    assert f"1 in {tmp_path}/B, the first is 2" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_the_other_names_it(tmp_path):
    put(tmp_path / "A" / "x.png")
    with pytest.raises(ganzoo.DataError, match="B does not exist"):
        pairs(tmp_path)


def test_two_images_of_one_name_are_no_pair(tmp_path):
    put_pairs(tmp_path)
    put(tmp_path / "B" / "1.bmp")
    with pytest.raises(ganzoo.DataError, match=r"B has 1.bmp and 1.png: .* rename one of them"):
        pairs(tmp_path)


def test_a_pair_of_two_sizes_names_both(tmp_path):
    put_pairs(tmp_path)
    put(tmp_path / "B" / "1.png", size=(8, 7))
    with pytest.raises(ganzoo.DataError, match=r"A/1.png has 8x6 pixels, and .*B/1.png 8x7"):
        pairs(tmp_path)


def test_sizes_are_those_that_are_seen_as_a_camera_turns_images(tmp_path):
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    for name, size in (("same", (6, 8)), ("other", (8, 6))):
        put(tmp_path / name / "A" / "x.png", size=(8, 6))
        (tmp_path / name / "B").mkdir()
        Image.new("RGB", size).save(tmp_path / name / "B" / "x.jpg", exif=turned)
    assert len(pairs(tmp_path / "same").images) == 1
    with pytest.raises(ganzoo.DataError, match=r"A/x.png has 8x6 pixels, and .*B/x.jpg 6x8"):
        pairs(tmp_path / "other")


def test_an_odd_width_is_no_two_images(tmp_path):
    put(tmp_path / "x.png", size=(15, 8))
    with pytest.raises(ganzoo.DataError, match=r"x.png has 15x8 pixels: .* belong in .*A and .*B"):
        pairs(tmp_path)


@pytest.mark.parametrize("side", ["A", "B"])
def test_an_unreadable_image_of_either_side_names_the_pair(tmp_path, side):
    put_pairs(tmp_path)
    (tmp_path / side / "1.png").write_bytes(b"no image")
    source = pairs(tmp_path)
    with pytest.raises(ganzoo.DataError, match=r"B/1.png of .*A/1.png: UnidentifiedImageError"):
        ganzoo.ImageStore.from_source(source)
    with pytest.warns(ganzoo.GanzooWarning, match="left out"):
        store = ganzoo.ImageStore.from_source(source, skip_bad_images=True)
    assert store.images[:, 0, 0, 0].tolist() == [100, 102]
    assert store.labels[:, 0, 0, 0].tolist() == [0, 2]


def test_both_images_of_a_pair_are_cropped_and_resized_alike(tmp_path):
    """A step from dark to bright stays in one place: the same picture on both sides."""
    step = Image.new("L", (48, 24))
    step.paste(200, (29, 0, 48, 24))
    for side in "AB":
        (tmp_path / side).mkdir()
        step.save(tmp_path / side / "x.png")
    batch = ganzoo.ImageStore.from_source(pairs(tmp_path), size=16).batch(torch.tensor([0]))
    assert batch.images.shape == (1, 1, 16, 16)
    assert torch.equal(batch.images, batch.labels)
    assert batch.images[0, 0, 0, 0] < -0.9 < 0.5 < batch.images[0, 0, 0, -1]


def test_the_fingerprint_changes_with_either_side_and_with_no_place(tmp_path):
    put_pairs(tmp_path / "one")
    put_pairs(tmp_path / "two")
    assert pairs(tmp_path / "one").fingerprint == pairs(tmp_path / "two").fingerprint
    for side in "AB":
        before = pairs(tmp_path / "one").fingerprint
        put(tmp_path / "one" / side / "1.png", 77)
        assert pairs(tmp_path / "one").fingerprint != before
