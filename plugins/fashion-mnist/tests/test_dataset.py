"""Promises of Fashion-MNIST."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_fashion_mnist import idx
from ganzoo_fashion_mnist.dataset import FashionMNIST
from ganzoo_fashion_mnist.options import FashionMNISTOptions

import ganzoo

FULL = os.environ.get("GANZOO_FASHION_MNIST_DIR")


def write(folder: Path, images: np.ndarray, labels: np.ndarray, *, packed: bool) -> None:
    for stem, array in (("images-idx3", images), ("labels-idx1", labels)):
        content = idx.encode(array)
        name = f"train-{stem}-ubyte"
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


@pytest.fixture
def few():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (20, 28, 28), np.uint8), np.arange(20, dtype=np.uint8) % 10


def test_the_subset_has_a_thousand_pictures_of_each_class():
    source = FashionMNIST().open()
    labels = torch.tensor([label for _, label in source.images])
    assert labels.bincount().tolist() == [1000] * 10
    assert source.spec == ganzoo.ImageSpec(1, 28, 28, num_classes=10)
    assert len(source.class_names) == 10


def test_the_subset_shows_clothes_not_noise():
    """Trousers are tall and narrow, bags fill the frame: the pixels belong to the labels."""
    source = FashionMNIST().open()
    by_class = {k: [] for k in range(10)}
    for image, label in source.images[:3000]:
        by_class[label].append(image[0].float())
    trouser, bag = (torch.stack(by_class[source.class_names.index(n)]) for n in ("trouser", "bag"))
    outer = (trouser[:, :, :6].mean() + trouser[:, :, 22:].mean()) / 2
    assert outer < 0.05 * trouser[:, :, 10:18].mean()
    assert bag[:, 16:22].mean() > 80


@pytest.mark.skipif(not FULL, reason="GANZOO_FASHION_MNIST_DIR names no folder of IDX files")
def test_the_subset_is_the_first_thousand_training_images_of_each_class():
    full = FashionMNIST(FashionMNISTOptions(path=FULL)).open().images
    assert len(full) == 60_000
    counts, first = [0] * 10, []
    for image, label in full:
        if counts[label] < 1000:
            counts[label] += 1
            first.append((image, label))
    subset = FashionMNIST().open().images
    assert [label for _, label in first] == [label for _, label in subset]
    assert torch.equal(
        torch.stack([image for image, _ in first]), torch.stack([image for image, _ in subset])
    )


@pytest.mark.skipif(not FULL, reason="GANZOO_FASHION_MNIST_DIR names no folder of IDX files")
def test_the_full_set_has_a_test_split():
    assert len(FashionMNIST(FashionMNISTOptions(path=FULL)).open("test").images) == 10_000


@pytest.mark.parametrize("packed", [True, False])
def test_a_folder_of_idx_files_is_read_gzipped_or_not(tmp_path, few, packed):
    write(tmp_path, *few, packed=packed)
    source = FashionMNIST(FashionMNISTOptions(path=tmp_path)).open()
    assert [label for _, label in source.images] == few[1].tolist()
    assert np.array_equal(source.images[7][0][0].numpy(), few[0][7])


def test_a_changed_file_changes_the_fingerprint(tmp_path, few):
    write(tmp_path, *few, packed=False)
    dataset = FashionMNIST(FashionMNISTOptions(path=tmp_path))
    before = dataset.open().fingerprint
    os.utime(tmp_path / "train-images-idx3-ubyte", ns=(1, 1))
    assert dataset.open().fingerprint == before
    with (tmp_path / "train-images-idx3-ubyte").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(bytes([few[0].flat[-1] ^ 1]))
    assert dataset.open().fingerprint != before


def test_a_missing_file_names_the_folder_and_both_names(tmp_path):
    with pytest.raises(ganzoo.DataError, match=r"neither train-images-idx3-ubyte nor .*\.gz"):
        FashionMNIST(FashionMNISTOptions(path=tmp_path)).open()


@pytest.mark.parametrize(
    "damage",
    [lambda c: c[:-1], lambda c: c[:9], lambda c: b"PNG!" + c[4:], lambda c: b"\0\0\x08\0\1"],
    ids=["short", "no header", "other magic", "no dimensions"],
)
@pytest.mark.parametrize("packed", [True, False])
def test_a_damaged_file_is_named(tmp_path, few, damage, packed):
    write(tmp_path, *few, packed=packed)
    file = idx.find(tmp_path, "train-images-idx3-ubyte")
    content = damage(idx.encode(few[0]))
    file.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(ganzoo.DataError, match=file.name):
        FashionMNIST(FashionMNISTOptions(path=tmp_path)).open()


def test_a_truncated_gzip_file_is_named(tmp_path, few):
    write(tmp_path, *few, packed=True)
    file = idx.find(tmp_path, "train-images-idx3-ubyte")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ganzoo.DataError, match=rf"cannot read .*{file.name}"):
        FashionMNIST(FashionMNISTOptions(path=tmp_path)).open()


@pytest.mark.parametrize("place", [0, 3, 10, 15, 2000, -6])
def test_a_gzip_file_with_wrong_bytes_is_named(tmp_path, few, place):
    write(tmp_path, *few, packed=True)
    file = idx.find(tmp_path, "train-images-idx3-ubyte")
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(ganzoo.DataError, match=file.name):
        FashionMNIST(FashionMNISTOptions(path=tmp_path)).open()


def test_an_image_is_located_in_a_folder_of_any_name(tmp_path, few):
    folder = tmp_path / "{0} and {name}"
    folder.mkdir()
    write(folder, *few, packed=False)
    source = FashionMNIST(FashionMNISTOptions(path=folder)).open()
    assert source.locate(3) == f"{folder / 'train-images-idx3-ubyte'}, image 3"


def test_a_download_that_fails_is_one_line_with_both_ways_out(tmp_path, monkeypatch):
    """Through a proxy that is not there nothing can be fetched, wherever this runs."""
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path))
    with pytest.raises(
        ganzoo.DataError, match=r"could not download.*data\.full.*data\.path"
    ) as error:
        FashionMNIST(FashionMNISTOptions(full=True)).open()
    assert "\n" not in str(error.value)


def test_images_and_labels_that_do_not_fit_are_refused(tmp_path, few):
    write(tmp_path, few[0], few[1][:5], packed=False)
    with pytest.raises(ganzoo.DataError, match="20 images, 5 labels"):
        FashionMNIST(FashionMNISTOptions(path=tmp_path)).open()


def test_the_subset_says_how_to_get_a_test_split():
    with pytest.raises(ganzoo.DataError, match=r"data\.full.*data\.path"):
        FashionMNIST().open("test")


def test_an_unknown_split_is_refused():
    with pytest.raises(ganzoo.UsageError, match="no split 'valid'"):
        FashionMNIST().open("valid")


def test_a_folder_and_a_download_at_once_are_refused(tmp_path):
    with pytest.raises(ganzoo.UsageError, match="path and full are two sources: leave one"):
        ganzoo.create("dataset", "fashion-mnist", path=tmp_path, full=True)
