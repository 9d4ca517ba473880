"""Promises of the image folder."""

from __future__ import annotations

import os
import sys

import pytest
from ganzoo_image_folder.dataset import ImageFolder
from ganzoo_image_folder.options import ImageFolderOptions
from PIL import Image

import ganzoo


def folder(path) -> ganzoo.ImageSource:
    return ImageFolder(ImageFolderOptions(path=path)).open()


def put(path, mode="RGB", size=(8, 6), colour=0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def test_a_flat_folder_has_no_labels(tmp_path):
    for name in ("b.png", "a.jpg", "c.webp"):
        put(tmp_path / name)
    source = folder(tmp_path)
    assert [source.locate(i) for i in range(3)] == [
        str(tmp_path / name) for name in ("a.jpg", "b.png", "c.webp")
    ]
    assert source.spec == ganzoo.ImageSpec(3, 64, 64)
    assert source.class_names == ()


def test_each_folder_in_it_is_a_class_searched_to_any_depth(tmp_path):
    put(tmp_path / "dog" / "x" / "y" / "1.png")
    put(tmp_path / "cat" / "2.png")
    put(tmp_path / "dog" / "3.PNG")
    source = folder(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert [source.images[i][1] for i in range(3)] == [0, 1, 1]
    assert source.spec.num_classes == 2


def test_what_is_no_image_or_hidden_is_passed_over(tmp_path):
    put(tmp_path / "a.png")
    put(tmp_path / ".hidden.png")
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "folder.png").mkdir()
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
    (tmp_path / name).write_bytes(b"data")
    assert folder(tmp_path).class_names == ("cat",)


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
    store = ganzoo.ImageStore.from_source(folder(tmp_path), size=(16, 8), channels=1)
    assert store.images[0, :4].max() < 40
    assert store.images[0, -4:].min() > 215


def test_empty_and_hidden_folders_are_no_classes(tmp_path):
    put(tmp_path / "cat" / "1.png")
    (tmp_path / "dog").mkdir()
    put(tmp_path / ".git" / "1.png")
    assert folder(tmp_path).class_names == ("cat",)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")
def test_links_that_go_round_in_circles_end(tmp_path):
    put(tmp_path / "cat" / "1.png")
    (tmp_path / "cat" / "again").symlink_to(tmp_path / "cat")
    assert len(folder(tmp_path).images) == 1


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


def test_the_fingerprint_changes_with_the_files(tmp_path):
    put(tmp_path / "a.png")
    prints = [folder(tmp_path).fingerprint]
    os.utime(tmp_path / "a.png", ns=(1, 1))
    prints.append(folder(tmp_path).fingerprint)
    put(tmp_path / "b.png")
    prints.append(folder(tmp_path).fingerprint)
    (tmp_path / "b.png").rename(tmp_path / "c.png")
    prints.append(folder(tmp_path).fingerprint)
    assert len(set(prints)) == 4
    assert folder(tmp_path).fingerprint == prints[-1]


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


def test_there_is_no_other_split(tmp_path):
    put(tmp_path / "a.png")
    with pytest.raises(ganzoo.UsageError, match="no split 'test'"):
        ImageFolder(ImageFolderOptions(path=tmp_path)).open("test")
