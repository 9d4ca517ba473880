"""Promises of attributes: numbers of each image, from a CSV file."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo.data.attributes import read_attributes


@pytest.fixture
def folder(tmp_path):
    """Five images, three of them in the split train."""
    for k, name in enumerate(["train/a.png", "train/b.png", "train/c.png", "test/d.png"]):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), k).save(file)
    return tmp_path


def opened(folder, text, split="train") -> ganzoo.ImageSource:
    (folder / "attributes.csv").write_text(text, encoding="utf-8")
    return ganzoo.open_folder(folder, split, attributes="attributes.csv")


ALL = "file,young,height\ntrain/a.png,1,0.5\ntest/d.png,-1,2e3\ntrain/c.png,0,-3\n"


@pytest.mark.filterwarnings("ignore:.*left out")
def test_each_image_gets_the_numbers_of_its_line(folder):
    source = opened(folder, ALL + "train/b.png,7,8\n")
    assert source.spec == ganzoo.ImageSpec(1, 4, 4, condition=ganzoo.Vector(2))
    assert source.class_names == ()
    by_file = {source.locate(k): source.images[k][1] for k in range(3)}
    assert by_file == {
        f"{folder}/train/a.png": (1, 0.5),
        f"{folder}/train/b.png": (7, 8),
        f"{folder}/train/c.png": (0, -3),
    }
    batch = ganzoo.ImageStore.from_source(source).batch(torch.arange(3))
    assert batch.labels.dtype == torch.float32
    assert batch.labels.tolist() == [[1, 0.5], [7, 8], [0, -3]]
    assert "attributes young, height" in source.images.description


def test_a_split_takes_its_own_lines(folder):
    source = opened(folder, ALL, "test")
    assert [source.images[k][1] for k in range(len(source.images))] == [(-1, 2000)]


def test_images_without_a_line_are_left_out_with_a_warning(folder):
    with pytest.warns(ganzoo.GanzooWarning, match="left out: 1, the first is train/b.png"):
        source = opened(folder, ALL)
    assert len(source.images) == 2


def test_backslashes_a_mark_of_excel_and_empty_lines_do_no_harm(folder):
    text = "\ufefffile, young\n./train\\a.png, 1\n\n"
    with pytest.warns(ganzoo.GanzooWarning, match="left out: 2"):
        assert opened(folder, text).images[0][1] == (1.0,)


WRONG = {
    "image,young\na.png,1\n": r"begins with 'image,young'; its first line must be file,NAME",
    "file\na.png\n": r"must be file,NAME,NAME",
    "": r"must be file,NAME",
    "file,young\ntrain/a.png,yes\n": r"csv, line 2: young is 'yes', and must be a number",
    "file,young\ntrain/a.png,\n": r"line 2: young is '', and must be a number",
    "file,young\ntrain/a.png,nan\n": r"line 2: young is nan, and must be finite",
    "file,young\ntrain/a.png,1\ntrain/a.png,2\n": r"line 3: train/a.png is listed twice",
    "file,young\ntrain/a.png,1,2\n": r"line 2: 3 values, and the first line has 2",
    "file,young\nz.png,1\ny.png,1\n": r"lists 2 image\(s\) that are not in .*, the first is z.png",
    "file,young\ntest/d.png,1\n": r"lists none of the 3 images, the first is train/a.png",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_says_what_is_wrong_with_it_in_one_line(folder, text):
    with pytest.raises(ganzoo.DataError, match=WRONG[text]) as error:
        opened(folder, text)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(folder):
    with pytest.raises(ganzoo.DataError, match=r"attributes .*none.csv cannot be read: No such"):
        ganzoo.open_folder(folder, attributes="none.csv")


def test_other_bytes_are_no_text(folder):
    (folder / "attributes.csv").write_bytes(b"file,young\n\xff,1\n")
    with pytest.raises(ganzoo.DataError, match="cannot be read"):
        read_attributes(folder / "attributes.csv")


@pytest.mark.filterwarnings("ignore:.*left out")
def test_the_fingerprint_changes_with_the_numbers(folder):
    first, same, other = (opened(folder, text) for text in (ALL, ALL, ALL.replace("0.5", "0.6")))
    assert first.fingerprint == same.fingerprint != other.fingerprint
