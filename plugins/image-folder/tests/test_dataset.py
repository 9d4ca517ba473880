"""Promises of the image folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from ganzoo_image_folder.dataset import ImageFolder
from ganzoo_image_folder.options import ImageFolderOptions
from PIL import Image

import ganzoo


def folder(path, split="train", **options) -> ganzoo.ImageSource:
    return ImageFolder(ImageFolderOptions(path=path, **options)).open(split)


def put(path, mode="RGB", size=(8, 6), colour=0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def labelled(source) -> dict[str, str]:
    """The class of each image, by the name of its file."""
    return {
        Path(source.locate(k)).name: source.class_names[source.images[k][1]]
        for k in range(len(source.images))
    }


def test_a_flat_folder_has_no_labels(tmp_path):
    for name in ("b.png", "a.jpg", "c.webp"):
        put(tmp_path / name)
    source = folder(tmp_path)
    assert [source.locate(i) for i in range(3)] == [
        str(tmp_path / name) for name in ("a.jpg", "b.png", "c.webp")
    ]
    assert source.spec == ganzoo.ImageSpec(3, 64, 64)
    assert source.class_names == ()


def test_each_of_several_folders_is_a_class_searched_to_any_depth(tmp_path):
    put(tmp_path / "dog" / "x" / "y" / "1.png")
    put(tmp_path / "cat" / "2.png", colour="red")
    put(tmp_path / "dog" / "3.PNG")
    source = folder(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert [source.images[i][1] for i in range(3)] == [0, 1, 1]
    assert source.spec.num_classes == 2


@pytest.mark.parametrize("folders", ["photos", "archive/photos", "train"])
def test_a_zips_wrapper_is_no_class(tmp_path, folders):
    put(tmp_path / folders / "cat" / "1.png")
    put(tmp_path / folders / "dog" / "2.png", colour="red")
    put(tmp_path / "__MACOSX" / "cat" / "1.png")
    assert labelled(folder(tmp_path)) == {"1.png": "cat", "2.png": "dog"}
    put(tmp_path / "flat" / folders / "1.png")
    assert folder(tmp_path / "flat").class_names == ()


def test_one_picture_beside_the_classes_takes_no_labels_away_and_is_told_of(tmp_path):
    put(tmp_path / "preview.png", colour="blue")
    put(tmp_path / "cat" / "1.png")
    put(tmp_path / "dog" / "2.png", colour="red")
    with pytest.warns(ganzoo.GanzooWarning, match=r"left out: 1, the first is .*preview.png"):
        source = folder(tmp_path)
    assert labelled(source) == {"1.png": "cat", "2.png": "dog"}


def test_one_folder_beside_many_pictures_loses_none_of_them(tmp_path):
    for k in range(3):
        put(tmp_path / f"{k}.png", colour=(k, 0, 0))
    put(tmp_path / "more" / "3.png", colour="red")
    with pytest.warns(ganzoo.GanzooWarning, match=r"images in folders \(more 1\) are taken"):
        source = folder(tmp_path)
    assert (len(source.images), source.class_names) == (4, ())


@pytest.mark.parametrize("train", ["train", "Training"])
@pytest.mark.parametrize("test", ["test", "Testing"])
def test_folders_called_like_splits_are_splits(tmp_path, train, test):
    put(tmp_path / train / "cat" / "1.png")
    put(tmp_path / train / "dog" / "2.png", colour="red")
    put(tmp_path / train / "owl" / "3.png", colour="blue")
    put(tmp_path / test / "owl" / "4.png")
    put(tmp_path / test / "dog" / "5.png", colour="red")
    assert labelled(folder(tmp_path)) == {"1.png": "cat", "2.png": "dog", "3.png": "owl"}
    source = folder(tmp_path, "test")
    assert source.class_names == ("cat", "dog", "owl")  # those of train, so that labels agree
    assert labelled(source) == {"4.png": "owl", "5.png": "dog"}
    with pytest.raises(ganzoo.UsageError, match="no split 'val', only test, train"):
        folder(tmp_path, "val")


def test_a_class_that_train_does_not_have_is_refused(tmp_path):
    for k, name in enumerate(("train/cat", "train/dog", "test/cat", "test/eel")):
        put(tmp_path / name / "1.png", colour=(k, 0, 0))
    with pytest.raises(ganzoo.DataError, match=r"test .* has 1 class\(es\) .* the first is eel"):
        folder(tmp_path, "test")


def test_a_folder_that_is_called_train_among_classes_is_a_class_and_told_of(tmp_path):
    for k, name in enumerate(("train", "bus", "tram")):
        put(tmp_path / name / "1.png", colour=(k, 0, 0))
    with pytest.warns(ganzoo.GanzooWarning, match="the folder train is a class and not a split"):
        assert folder(tmp_path).class_names == ("bus", "train", "tram")


def test_what_is_no_image_or_hidden_is_passed_over(tmp_path):
    put(tmp_path / "a.png")
    put(tmp_path / ".hidden.png")
    put(tmp_path / "._a.png")
    put(tmp_path / ".ipynb_checkpoints" / "a-checkpoint.png")
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "folder.png").mkdir()
    source = folder(tmp_path)
    assert len(source.images) == 1
    assert "left out: hidden 3, .txt 1" in source.images.description


def test_a_folder_named_like_a_picture_is_a_folder(tmp_path):
    put(tmp_path / "cat.png" / "1.png")
    put(tmp_path / "dog.jpg" / "2.png", colour="red")
    assert labelled(folder(tmp_path)) == {"1.png": "cat.png", "2.png": "dog.jpg"}


def test_a_file_without_an_ending_is_an_image_if_its_content_is(tmp_path):
    put(tmp_path / "1.png")
    (tmp_path / "1.png").rename(tmp_path / "photo")
    (tmp_path / "LICENSE").write_text("no image")
    source = folder(tmp_path)
    assert [source.locate(k) for k in range(len(source.images))] == [str(tmp_path / "photo")]
    assert "left out: file without ending 1" in source.images.description


def test_pictures_that_pillow_does_not_decode_are_told_of(tmp_path):
    put(tmp_path / "1.png")
    for k in range(3):
        (tmp_path / f"IMG_{k}.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.warns(ganzoo.GanzooWarning, match=r"left out: \.heic 3; convert"):
        assert len(folder(tmp_path).images) == 1


def test_hidden_folders_in_a_class_are_passed_over(tmp_path):
    put(tmp_path / "cat" / "1.png")
    put(tmp_path / "cat" / ".thumbnails" / "1.png")
    put(tmp_path / "cat" / "x" / ".thumbnails" / "1.png")
    assert len(folder(tmp_path).images) == 1


@pytest.mark.parametrize("name", ["features.h5", "film.mpg"])
def test_data_and_films_beside_the_classes_are_no_images(tmp_path, name):
    """Pillow knows them by name and cannot decode them."""
    put(tmp_path / "cat" / "1.png")
    put(tmp_path / "dog" / "1.png", colour="red")
    (tmp_path / name).write_bytes(b"data")
    assert folder(tmp_path).class_names == ("cat", "dog")


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode here")
def test_a_file_name_need_not_be_utf_8(tmp_path):
    put(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / os.fsdecode(b"caf\xe9.png"))
    assert len(ganzoo.ImageStore.from_source(folder(tmp_path))) == 1


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_a_cameras_rotation_is_applied_in_every_format(tmp_path, name):
    picture = Image.new("L", (16, 8))
    picture.paste(255, (8, 0, 16, 8))  # bright on the right
    exif = Image.Exif()
    exif[0x0112] = 6  # to be seen turned clockwise: bright at the bottom
    picture.save(tmp_path / name, exif=exif)  # the TIFF is not compressed: Pillow would map it
    source = folder(tmp_path)
    assert list(source.images.sizes) == [(16, 8)]
    store = ganzoo.ImageStore.from_source(source, size=(16, 8), channels=1)
    assert store.images[0, :4].max() < 40
    assert store.images[0, -4:].min() > 215


def test_empty_and_hidden_folders_are_no_classes(tmp_path):
    put(tmp_path / "cat" / "1.png")
    put(tmp_path / "cow" / "1.png", colour="red")
    (tmp_path / "dog").mkdir()
    put(tmp_path / ".git" / "1.png")
    assert folder(tmp_path).class_names == ("cat", "cow")


def test_any_mix_of_kinds_becomes_one_store(tmp_path):
    for k, mode in enumerate(("RGB", "L", "RGBA", "P", "1", "LA")):
        put(tmp_path / f"{k}.png", mode, (5 + k, 9))
    put(tmp_path / "cmyk.jpg", "CMYK")
    put(tmp_path / "wide.tif", "I;16")
    store = ganzoo.ImageStore.from_source(folder(tmp_path), size=16)
    assert store.images.shape == (8, 16, 16, 3)


def test_a_folder_of_grey_images_is_grey_by_itself(tmp_path):
    put(tmp_path / "a.png", "L")
    put(tmp_path / "b.png", "I;16")
    assert folder(tmp_path).spec.channels == 1


def test_colour_after_many_grey_images_is_seen(tmp_path):
    for k in range(20):
        put(tmp_path / f"{k:02}.png", "L", colour=k)
    (tmp_path / "00.png").write_bytes(b"unreadable files say nothing of colour")
    put(tmp_path / "20.png", "RGB")
    source = folder(tmp_path)
    assert source.spec.channels == 3
    assert "modes L 19, RGB 1, read in colour" in source.images.description


def test_the_fingerprint_follows_the_content_and_not_the_place_or_the_time(tmp_path):
    put(tmp_path / "here" / "a.png")
    first = folder(tmp_path / "here").fingerprint
    os.utime(tmp_path / "here" / "a.png", ns=(1, 1))
    (tmp_path / "here").rename(tmp_path / "there")
    assert folder(tmp_path / "there").fingerprint == first
    put(tmp_path / "there" / "b.png")
    second = folder(tmp_path / "there").fingerprint
    (tmp_path / "there" / "a.png").write_bytes(b"no image")
    third = folder(tmp_path / "there").fingerprint
    assert len({first, second, third}) == 3


def test_an_unreadable_image_is_named_when_decoding(tmp_path):
    put(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    with pytest.raises(ganzoo.DataError, match=str(tmp_path / "broken.png")):
        ganzoo.ImageStore.from_source(folder(tmp_path))


@pytest.mark.parametrize("what", ["missing", "a file", "empty"])
def test_a_folder_that_is_not_there_is_told_in_one_line(tmp_path, what):
    path = tmp_path / "here"
    if what == "a file":
        path.write_text("")
    if what == "empty":
        path.mkdir()
    match = {"missing": "does not exist", "a file": "is a file", "empty": "holds no images"}[what]
    with pytest.raises(ganzoo.DataError, match=match) as error:
        folder(path)
    assert "\n" not in str(error.value)


def test_a_relative_path_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ImageFolderOptions(path="photos").path == tmp_path / "photos"


@pytest.mark.parametrize(
    ("split", "said"), [("test", "only train; put it in a folder test"), ("x", "only train, test")]
)
def test_there_is_no_other_split(tmp_path, split, said):
    put(tmp_path / "a.png")
    with pytest.raises(ganzoo.UsageError, match=f"no split '{split}', {said}"):
        folder(tmp_path, split)


def test_bits_that_files_do_not_state_can_be_given(tmp_path):
    for k, value in enumerate((0, 2048, 4095)):
        put(tmp_path / f"{k}.png", "I;16", (2, 2), value)
    with pytest.warns(ganzoo.GanzooWarning, match=r"up to 4,095 of 65,535 .* data\.bits=12"):
        dark = ganzoo.ImageStore.from_source(folder(tmp_path), size=2)
    assert dark.images.max() == 16
    store = ganzoo.ImageStore.from_source(folder(tmp_path, bits=12), size=2)
    assert store.images[:, 0, 0, 0].tolist() == [0, 128, 255]


def test_attributes_take_the_place_of_classes(tmp_path):
    put(tmp_path / "cat" / "0.png")
    put(tmp_path / "dog" / "0.png")
    (tmp_path / "attributes.csv").write_text("file,furry\ncat/0.png,1\ndog/0.png,0.5\n")
    source = folder(tmp_path, attributes="attributes.csv")
    assert source.spec == ganzoo.ImageSpec(3, 64, 64, condition=ganzoo.Vector(1))
    assert [source.images[k][1] for k in range(2)] == [(1.0,), (0.5,)]
