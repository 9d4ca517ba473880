"""Promises of LSUN, on databases as LSUN distributes them: keys are hashes of encoded images."""

from __future__ import annotations

import hashlib
import pickle
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import DataLoader

import ganzoo

lmdb = pytest.importorskip("lmdb")


def encoded(seed: int, form: str) -> bytes:
    """A random image in a lossless or a lossy format."""
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(file := BytesIO(), form, lossless=True)
    return file.getvalue()


def write(folder: Path, images: list[bytes]) -> list[bytes]:
    """Write a database, and return the images in the order of their keys."""
    folder.mkdir(parents=True)
    by_key = {hashlib.sha1(image).hexdigest().encode(): image for image in images}
    with lmdb.open(str(folder), map_size=2**20) as database, database.begin(write=True) as writing:
        for key, image in by_key.items():
            writing.put(key, image)
    return [by_key[key] for key in sorted(by_key)]


def pixels(image: Image.Image | bytes) -> list[int]:
    image = Image.open(BytesIO(image)) if isinstance(image, bytes) else image
    return np.asarray(image.convert("RGB")).tolist()


def opened(root: Path, split: str = "train", **options) -> ganzoo.ImageSource:
    return ganzoo.create("dataset", "lsun", root=root, **options).open(split)


def test_one_category_has_the_images_of_its_split_and_no_labels(tmp_path):
    train = write(tmp_path / "bedroom_train_lmdb", [encoded(k, "WEBP") for k in range(4)])
    val = write(tmp_path / "bedroom_val_lmdb", [encoded(9, "JPEG")])
    for split, images in (("train", train), ("val", val)):
        source = opened(tmp_path, split)
        assert [pixels(image) for image, _ in source.images] == [pixels(i) for i in images]
        assert source.spec == ganzoo.ImageSpec(3, 64, 64)
        assert source.class_names == ()
    assert (
        source.locate(0) == f"{tmp_path}/bedroom_val_lmdb, key {hashlib.sha1(val[0]).hexdigest()}"
    )


def test_several_categories_are_labels_in_their_order(tmp_path):
    cats = write(tmp_path / "cat_lmdb", [encoded(k, "WEBP") for k in (1, 2)])
    towers = write(tmp_path / "tower_train_lmdb", [encoded(k, "WEBP") for k in (3, 4, 5)])
    source = opened(tmp_path, classes=["tower", "cat"])
    assert [(pixels(image), label) for image, label in source.images] == [
        *((pixels(image), 0) for image in towers),
        *((pixels(image), 1) for image in cats),
    ]
    assert source.class_names == ("tower", "cat")
    assert ganzoo.ImageStore.from_source(source).labels.tolist() == [0, 0, 0, 1, 1]


def test_reading_leaves_no_file_behind(tmp_path, monkeypatch):
    """torchvision's reader pickles the keys into the working directory."""
    write(tmp_path / "bedroom_train_lmdb", [encoded(1, "WEBP")])
    (tmp_path / "bedroom_train_lmdb" / "lock.mdb").unlink()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert len(list(opened(tmp_path).images)) == 1
    assert {path.name for path in tmp_path.rglob("*")} == {"bedroom_train_lmdb", "data.mdb", "here"}


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_read_it_too(tmp_path, start):
    write(tmp_path / "bedroom_train_lmdb", [encoded(k, "WEBP") for k in range(4)])
    images = opened(tmp_path).images
    expected = [pixels(image) for image, _ in images]
    loader = DataLoader(
        images, batch_size=1, num_workers=1, collate_fn=list, multiprocessing_context=start
    )
    assert [pixels(image) for ((image, _),) in loader] == expected
    assert pickle.loads(pickle.dumps(images)).locate(3) == images.locate(3)


def test_the_fingerprint_follows_the_content_and_not_the_place(tmp_path):
    for place, seed in (("a", 1), ("b", 1), ("c", 2)):
        write(tmp_path / place / "bedroom_train_lmdb", [encoded(seed, "WEBP")])
    first, same, other = (opened(tmp_path / place).fingerprint for place in "abc")
    assert first == same != other


def test_an_image_that_is_none_is_named_by_its_key(tmp_path):
    write(tmp_path / "bedroom_train_lmdb", [encoded(1, "WEBP"), b"no image"])
    with pytest.raises(ganzoo.DataError, match=hashlib.sha1(b"no image").hexdigest()):
        ganzoo.ImageStore.from_source(opened(tmp_path))


def test_a_missing_database_says_which_folder_is_wanted(tmp_path):
    with pytest.raises(
        ganzoo.DataError, match="no cat_train_lmdb or cat_lmdb .*data.root"
    ) as error:
        opened(tmp_path, classes=["cat"])
    assert str(tmp_path) in str(error.value)
    write(tmp_path / "cat_lmdb", [encoded(1, "WEBP")])
    with pytest.raises(ganzoo.DataError, match="no cat_val_lmdb with"):
        opened(tmp_path, "val", classes=["cat"])  # objects are not split


def test_a_damaged_database_is_one_line(tmp_path):
    (tmp_path / "bedroom_train_lmdb").mkdir()
    (tmp_path / "bedroom_train_lmdb" / "data.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(ganzoo.DataError, match="lsun cannot be read: .*bedroom_train_lmdb"):
        opened(tmp_path)


def test_the_package_it_needs_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(ganzoo.UsageError, match="not installed: lmdb; try `pip install lmdb`"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("classes", "said"), [([], "at least 1"), (["cat", "cat"], "once"), (["../cat"], "pattern")]
)
def test_categories_are_checked(classes, said, tmp_path):
    with pytest.raises(ganzoo.UsageError, match=said):
        opened(tmp_path, classes=classes)


def test_an_unknown_split_names_those_there_are(tmp_path):
    with pytest.raises(ganzoo.UsageError, match="no split 'test' of lsun; there are train, val"):
        opened(tmp_path, "test")
