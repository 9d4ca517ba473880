"""Promises of a folder as a source: what it says of itself, and what it is trained with."""

from __future__ import annotations

import pickle
import warnings

import pytest
import torch
from PIL import Image

from ganzoo import DataError, GanzooWarning, ImageStore, ImageStream
from ganzoo.cli.dry_run import describe_plan
from ganzoo.config import Layer
from ganzoo.data.folder import open_folder
from ganzoo.run.plan import compose


def put(path, mode="RGB", size=(8, 6), colour=0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


@pytest.fixture
def photos(tmp_path):
    """Two classes with one of everything that is decided or left out."""
    put(tmp_path / "zip" / "cat" / "1.png", colour="red")
    put(tmp_path / "zip" / "cat" / "2.png", colour="blue")
    put(tmp_path / "zip" / "cat" / "more" / "3.png", "L", (4, 4))
    put(tmp_path / "zip" / "dog" / "1.png", "RGBA", (8, 6), (1, 2, 3, 4))
    put(tmp_path / "zip" / "dog" / "2.png", "RGBA", (8, 6), (1, 2, 3, 4))
    put(tmp_path / "zip" / ".cache" / "1.png")
    (tmp_path / "zip" / "notes.txt").write_text("")
    return tmp_path


SAID = (
    "5 images; 2 classes (cat 3, dog 2); 2 sizes (height x width), 4x4 to 6x8, mostly 6x8; "
    "modes RGB 2, L 1, RGBA 2, read in colour; copies: 1, the first is {0}/zip/dog/2.png of "
    "{0}/zip/dog/1.png; of its only folder zip; 1 in folders of a class; "
    "left out: hidden 1, .txt 1"
)


def test_one_line_says_everything_that_was_decided_or_left_out(photos):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing of it loses an image or a label
        description = open_folder(photos).images.description
    assert description == f"{photos}: {SAID.format(photos)}"


def test_a_dry_run_says_it_too(photos):
    options = {"name": "image-folder", "path": str(photos)}
    arch = {"name": "vanilla", "width": 8, "depth": 1}
    tree = {"arch": arch, "loss": {"name": "bce"}, "data": options, "image": {"size": 8}}
    lines = describe_plan(compose([Layer("test", tree)])).splitlines()
    assert open_folder(photos).images.description in lines


def test_images_and_labels_that_may_be_lost_are_a_warning_of_one_line(photos):
    put(photos / "zip" / "beside.png")
    put(photos / "zip" / "dog" / "copy.png", colour="red")
    (photos / "zip" / "dog" / "4.heic").write_bytes(b"")
    with pytest.warns(GanzooWarning) as caught:
        source = open_folder(photos)
    (warning,) = caught
    said = str(warning.message)
    assert said.startswith(f"{photos}: images beside the folders are left out: 1")
    assert "left out: .heic 1" in said
    assert f"images in two classes: 1, the first is {photos}/zip/dog/copy.png, a copy" in said
    assert "\n" not in said
    assert said.removeprefix(f"{photos}: ") in source.images.description


def test_a_folder_without_labels_says_so(tmp_path):
    put(tmp_path / "1.png")
    assert "; no labels; all 6x8; modes RGB 1" in open_folder(tmp_path).images.description


def test_many_classes_are_counted_and_some_named(tmp_path):
    for k in range(30):
        put(tmp_path / f"class-{k:02}" / "1.png", colour=(k, 0, 0))
    said = open_folder(tmp_path).images.description
    assert "30 classes (class-00 1, class-01 1, " in said
    assert "class-11 1, and 18 more)" in said


def test_depths_are_said(tmp_path):
    image = Image.new("I;16", (4, 4), 4000)
    image.save(tmp_path / "1.tif", tiffinfo={281: 4095})
    image.save(tmp_path / "2.tif")
    said = open_folder(tmp_path).images.description
    assert "modes I;16 2; 12 of 16 bits are used by 1" in said


def test_without_a_size_it_is_that_of_most_images(tmp_path):
    for k, size in enumerate([(99, 99), (8, 6), (8, 6)]):
        put(tmp_path / f"{k}.png", size=size, colour=(k, 0, 0))
    assert open_folder(tmp_path).spec.shape == (3, 6, 8)
    assert open_folder(tmp_path, size=16).spec.shape == (3, 16, 16)


def test_a_store_and_a_stream_have_the_images_and_labels_of_the_folder(photos):
    source = open_folder(photos)
    store = ImageStore.from_source(source, size=4)
    assert store.labels.tolist() == [0, 0, 0, 1, 1]
    assert store.images[:, 0, 0].tolist() == [[255, 0, 0], [0, 0, 255], [0, 0, 0]] + [[251] * 3] * 2
    stream = ImageStream(source, size=(4, 4), channels=3, workers=0)
    order = torch.tensor([3, 0, 1, 4, 2])
    batch = stream.loader(lambda k: order, torch.device("cpu"), seed=0)(0)
    assert torch.equal(batch.images, store.batch(order).images)
    assert torch.equal(batch.labels, store.batch(order).labels)


def test_its_images_can_be_sent_to_worker_processes(photos):
    images = open_folder(photos, bits=12).images
    again = pickle.loads(pickle.dumps(images))
    assert (again.files, again.labels, again.bits) == (images.files, images.labels, 12)


def test_a_folder_of_unreadable_files_names_the_first(tmp_path):
    (tmp_path / "1.png").write_bytes(b"<html>")
    with pytest.raises(DataError, match=r"none of the 1 images can be read; .*1\.png: Unident"):
        open_folder(tmp_path)
