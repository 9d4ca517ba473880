"""Promises of the finder: which files of a folder are images, and of which class."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ganzoo import DataError, UsageError
from ganzoo.data.finder import Found, find_images
from ganzoo.data.label_files import read_labels

needs_links = pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(folder / name)


def below(folder: Path, found: Found) -> dict[str, str]:
    """The class of each image by its path below the folder; empty without classes."""
    names = found.class_names or ("",)
    return {
        Path(file).relative_to(folder).as_posix(): names[label]
        for file, label in zip(found.files, found.labels, strict=True)
    }


# Links.


@needs_links
def test_links_to_images_and_folders_elsewhere_are_followed_and_counted(tmp_path):
    put(tmp_path, "elsewhere/1.png", "elsewhere/x/2.png", "photos/dog/3.png")
    (tmp_path / "photos" / "cat").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "dog" / "4.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    found = find_images(tmp_path / "photos")
    assert below(tmp_path / "photos", found) == {
        "cat/1.png": "cat",
        "cat/x/2.png": "cat",
        "dog/3.png": "dog",
        "dog/4.png": "dog",
    }
    assert "linked folders 1, linked images 1" in found.notes


@needs_links
@pytest.mark.parametrize("target", [".", "cat", "cat/deep", ".."])
def test_links_that_go_round_in_circles_end_and_repeat_nothing(tmp_path, target):
    put(tmp_path, "photos/cat/deep/1.png", "photos/dog/2.png")
    (tmp_path / "photos" / "cat" / "again").symlink_to(tmp_path / "photos" / target)
    found = find_images(tmp_path / "photos")
    assert below(tmp_path / "photos", found) == {"cat/deep/1.png": "cat", "dog/2.png": "dog"}
    assert "left out: link to a folder searched anyway 1" in found.notes


@needs_links
def test_circles_outside_end_too(tmp_path):
    put(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / "to-b").symlink_to(tmp_path / "b")
    (tmp_path / "b" / "to-a").symlink_to(tmp_path / "a")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "x").symlink_to(tmp_path / "a")
    found = find_images(tmp_path / "photos")
    assert sorted(below(tmp_path / "photos", found)) == ["x/1.png", "x/to-b/2.png"]


@needs_links
def test_classes_may_be_links_to_a_hidden_store(tmp_path):
    put(tmp_path, ".store/1/1.png", ".store/2/2.png")
    for name, number in (("cat", "1"), ("dog", "2")):
        (tmp_path / name).symlink_to(tmp_path / ".store" / number)
    assert below(tmp_path, find_images(tmp_path)) == {"cat/1.png": "cat", "dog/2.png": "dog"}


@needs_links
def test_a_broken_link_is_left_out_with_a_warning(tmp_path):
    put(tmp_path, "1.png")
    (tmp_path / "2.png").symlink_to(tmp_path / "gone.png")
    found = find_images(tmp_path)
    assert below(tmp_path, found) == {"1.png": ""}
    assert "broken link 1" in found.warnings[0]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_may_not_be_read_is_left_out_with_a_warning(tmp_path):
    put(tmp_path, "cat/1.png", "dog/2.png", "owl/3.png")
    (tmp_path / "owl").chmod(0)
    try:
        found = find_images(tmp_path)
    finally:
        (tmp_path / "owl").chmod(0o755)
    assert found.class_names == ("cat", "dog")
    assert "unreadable folder 1" in found.warnings[0]


# Folders.


def test_images_beside_folders_are_left_out_if_these_hold_more(tmp_path):
    put(tmp_path, "preview.png", "all/cat/1.png", "all/dog/2.png")
    found = find_images(tmp_path)
    assert below(tmp_path, found) == {"all/cat/1.png": "cat", "all/dog/2.png": "dog"}
    assert found.warnings[0].endswith(f"left out: 1, the first is {tmp_path / 'preview.png'}")


def test_images_beside_folders_are_taken_with_those_in_them_if_they_are_as_many(tmp_path):
    put(tmp_path, "1.png", "2.png", "cat/3.png", "dog/4.png")
    found = find_images(tmp_path)
    assert below(tmp_path, found) == dict.fromkeys(("1.png", "2.png", "cat/3.png", "dog/4.png"), "")
    assert found.warnings[0].startswith("images in folders (cat 1, dog 1) are taken without labels")


def test_the_splits_may_lie_in_a_wrapper_and_hold_one_each(tmp_path):
    put(tmp_path, "zip/train/x/cat/1.png", "zip/train/x/dog/2.png", "zip/valid/cat/3.png")
    put(tmp_path, "zip/valid/dog/4.png")
    found = find_images(tmp_path, "val")
    assert below(tmp_path, found) == {"zip/valid/cat/3.png": "cat", "zip/valid/dog/4.png": "dog"}
    assert "of the split val; its splits are train, val" in found.notes
    assert find_images(tmp_path).class_names == ("cat", "dog")


def test_a_test_split_without_folders_has_no_labels(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/2.png", "test/3.png")
    assert below(tmp_path, find_images(tmp_path, "test")) == {"test/3.png": ""}


def test_val_and_validation_at_once_are_no_splits(tmp_path):
    put(tmp_path, "train/1.png", "val/2.png", "validation/3.png")
    assert find_images(tmp_path).class_names == ("train", "val", "validation")
    with pytest.raises(UsageError, match="no split 'val', only train"):
        find_images(tmp_path, "val")


def test_test_without_train_is_no_split(tmp_path):
    put(tmp_path, "test/1.png", "val/2.png")
    assert find_images(tmp_path).class_names == ("test", "val")


def test_images_deeper_in_a_class_are_counted(tmp_path):
    put(tmp_path, "cat/1.png", "cat/x/2.png", "dog/3.png")
    assert "1 in folders of a class" in find_images(tmp_path).notes


def test_an_empty_folder_says_what_is_there_instead(tmp_path):
    (tmp_path / "IMG_1.HEIC").write_bytes(b"")
    (tmp_path / "photos.zip").write_bytes(b"")
    with pytest.raises(DataError, match=r"holds no images .*; it holds: \.heic 1, \.zip 1$"):
        find_images(tmp_path)


# Label files.


def stylegan(folder: Path, content: object) -> None:
    (folder / "dataset.json").write_text(json.dumps(content))


def test_stylegans_dataset_json_has_the_labels(tmp_path):
    put(tmp_path, "00000/a.png", "00000/b.png", "00001/c.png")
    stylegan(
        tmp_path,
        {"labels": [["00000/a.png", 1], ["00001\\c.png", 0], ["00000/b.png", 10]]},
    )
    found = find_images(tmp_path)
    assert found.class_names == ("0", "1", "10")
    assert below(tmp_path, found) == {
        "00000/a.png": "1",
        "00000/b.png": "10",
        "00001/c.png": "0",
    }


def test_labels_from_1_to_3_are_three_classes(tmp_path):
    put(tmp_path, "a.png", "b.png", "c.png")
    stylegan(tmp_path, {"labels": [["a.png", 3], ["b.png", 1], ["c.png", 2]]})
    found = find_images(tmp_path)
    assert found.class_names == ("1", "2", "3")
    assert found.labels == (2, 0, 1)
    assert "labels 1 to 3 are names of the classes 0 to 2" in found.notes


def test_stylegans_null_means_no_labels_whatever_the_folders(tmp_path):
    put(tmp_path, "00000/a.png", "00001/b.png")
    stylegan(tmp_path, {"labels": None})
    assert below(tmp_path, find_images(tmp_path)) == {"00000/a.png": "", "00001/b.png": ""}


def test_a_csv_file_has_the_labels_and_wins_over_folders(tmp_path):
    put(tmp_path, "x/a.png", "x/b.png", "y/c.png")
    (tmp_path / "labels.csv").write_text(
        'file,who,label\nx/a.png,me,dog\n./y/c.png,you,"cat, old"\nx/b.png,me,dog\n', "utf-8-sig"
    )
    found = find_images(tmp_path)
    assert below(tmp_path, found) == {"x/a.png": "dog", "x/b.png": "dog", "y/c.png": "cat, old"}
    assert found.class_names == ("cat, old", "dog")


def test_numbers_in_a_csv_file_are_ordered_as_numbers(tmp_path):
    put(tmp_path, "a.png", "b.png")
    (tmp_path / "labels.csv").write_text("file,label\na.png,10\nb.png,9\n")
    assert find_images(tmp_path).class_names == ("9", "10")


def test_splits_may_have_label_files_each(tmp_path):
    put(tmp_path, "train/a.png", "train/b.png", "test/c.png")
    (tmp_path / "train" / "labels.csv").write_text("file,label\na.png,cat\nb.png,dog\n")
    (tmp_path / "test" / "labels.csv").write_text("file,label\nc.png,dog\n")
    found = find_images(tmp_path, "test")
    assert (found.class_names, found.labels) == (("cat", "dog"), (1,))


def test_images_that_a_label_file_does_not_list_are_left_out_with_a_warning(tmp_path):
    put(tmp_path, "a.png", "b.png", "c.png")
    stylegan(tmp_path, {"labels": [["b.png", 0]]})
    found = find_images(tmp_path)
    assert below(tmp_path, found) == {"b.png": "0"}
    assert found.warnings == (
        "images without a label in the label file are left out: 2, the first is a.png",
    )


def test_a_listed_image_that_is_not_there_is_an_error(tmp_path):
    put(tmp_path, "a.png")
    (tmp_path.parent / "outside.png").write_bytes((tmp_path / "a.png").read_bytes())
    stylegan(tmp_path, {"labels": [["a.png", 0], ["../outside.png", 1]]})
    with pytest.raises(DataError, match=r"lists 1 image\(s\) that are not .* ../outside.png"):
        find_images(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dataset.json", '{"images": []}'),
        ("dataset.json", "[1]"),
        ("labels.csv", "id,breed\n1,pug\n"),
    ],
)
def test_a_file_of_another_kind_is_not_read_and_told_of(tmp_path, name, content):
    put(tmp_path, "cat/a.png", "dog/b.png")
    (tmp_path / name).write_text(content)
    found = find_images(tmp_path)
    assert found.class_names == ("cat", "dog")
    assert found.warnings[0].startswith(f"{name} holds no labels that can be read")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("dataset.json", "{", "dataset.json cannot be read: Expecting property name"),
        ("dataset.json", "[" * 100_000, "dataset.json cannot be read"),
        ("dataset.json", '{"labels": [["a.png", ' + "9" * 5000 + "]]}", "cannot be read"),
        ("dataset.json", '{"labels": [["a.png"]]}', "cannot be read"),
        ("dataset.json", '{"labels": 3}', "cannot be read"),
        ("dataset.json", '{"labels": [["a.png", [0.1, 2]]]}', r"the label '\[0.1, 2\]'; a label"),
        ("dataset.json", '{"labels": [["a.png", true]]}', "the label 'True'; a label is"),
        ("dataset.json", '{"labels": [["a.png", 1], ["./a.png", 2]]}', "two labels: 1 and 2"),
        ("labels.csv", "file,label\na.png\n", "the label 'None'; a label is"),
        ("labels.csv", "file,label\na.png, \n", "a label is a whole number or a name"),
        ("labels.csv", "file,label\n\0caf\xe9,1\n", "labels.csv"),
    ],
)
def test_a_malformed_label_file_is_one_line_that_names_it(tmp_path, name, content, said):
    put(tmp_path, "a.png")
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=said) as error:
        find_images(tmp_path)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_a_label_file_inside_a_class_is_not_read_and_noted(tmp_path):
    put(tmp_path, "cat/a.png", "dog/b.png")
    (tmp_path / "dog" / "labels.csv").write_text("file,label\nb.png,pug\n")
    found = find_images(tmp_path)
    assert found.class_names == ("cat", "dog")
    assert "label files in folders are not read: dog/labels.csv, …" in found.notes


def test_names_and_numbers_may_be_mixed_in_a_csv_file(tmp_path):
    put(tmp_path, "a.png", "b.png", "c.png")
    (tmp_path / "labels.csv").write_text("file,label\na.png,10\nb.png,9\nc.png,dog\n")
    found = find_images(tmp_path)
    assert found.class_names == ("10", "9", "dog")
    assert not any("names of the classes" in note for note in found.notes)


def test_two_label_files_are_an_error(tmp_path):
    put(tmp_path, "a.png")
    stylegan(tmp_path, {"labels": [["a.png", 0]]})
    (tmp_path / "labels.csv").write_text("file,label\na.png,1\n")
    with pytest.raises(DataError, match=r"has dataset.json and labels.csv; move one of them away"):
        find_images(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["dataset.json", "labels.csv"]),
    content=st.binary(max_size=60)
    | JSON.map(lambda value: json.dumps({"labels": value}).encode())
    | st.text(max_size=40).map(lambda text: f"file,label\n{text}".encode("utf-8", "replace")),
)
def test_any_label_file_gives_texts_or_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    said, labels = name, None
    try:
        labels = read_labels(tmp_path / name)
    except DataError as error:
        said = str(error)
    assert name in said
    assert labels is None or all(type(text) is str for pair in labels.items() for text in pair)
