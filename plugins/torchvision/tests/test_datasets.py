"""Promises of torchvision's datasets. Nothing is downloaded: files are made in their layouts."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from ganzoo_torchvision.datasets import CIFAR10, CIFAR100, MNIST, SVHN, CelebA
from ganzoo_torchvision.options import CelebAOptions, TorchvisionOptions
from PIL import Image

import ganzoo

ALL = [MNIST, CIFAR10, CIFAR100, SVHN, CelebA]


def made(kind, root: Path, **more):
    options = CelebAOptions if kind is CelebA else TorchvisionOptions
    return kind(options(root=root, download=False, **more))


@pytest.mark.parametrize("kind", ALL)
def test_missing_files_are_one_line_with_the_folder_they_belong_in(kind, tmp_path):
    with pytest.raises(ganzoo.DataError, match="was not found") as error:
        made(kind, tmp_path).open()
    assert str(tmp_path) in str(error.value)
    assert "data.root" in str(error.value)


def test_a_download_that_fails_is_one_line(tmp_path):
    """A file is in the way of the folder, so nothing can be fetched wherever this runs."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ganzoo.DataError, match="mnist could not be downloaded"):
        MNIST(TorchvisionOptions(root=tmp_path / "file")).open()


@pytest.mark.parametrize("kind", [MNIST, CIFAR10, CIFAR100, CelebA])
def test_a_download_without_a_network_is_one_line(kind, tmp_path, monkeypatch):
    """Through a proxy that is not there nothing can be fetched, wherever this runs."""
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path))
    with pytest.raises(ganzoo.DataError, match=f"{kind.title} could not be downloaded") as error:
        kind().open()
    assert "\n" not in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_svhn_asks_for_the_package_it_needs_before_it_downloads(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ganzoo.UsageError, match="not installed: scipy; try `pip install scipy`"):
        SVHN(TorchvisionOptions(root=tmp_path)).open()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ALL)
def test_an_unknown_split_names_those_there_are(kind, tmp_path):
    with pytest.raises(ganzoo.UsageError, match="there are train"):
        made(kind, tmp_path).open("nonsense")


def write_mnist(root: Path) -> np.ndarray:
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    for prefix in ("train", "t10k"):
        (raw / f"{prefix}-images-idx3-ubyte").write_bytes(
            struct.pack(">IIII", 2051, 5, 28, 28) + images.tobytes()
        )
        (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 2049, 5) + bytes(range(5))
        )
    return images


def test_mnist_files_in_place_are_read(tmp_path):
    images = write_mnist(tmp_path)
    source = made(MNIST, tmp_path).open()
    store = ganzoo.ImageStore.from_source(source)
    assert np.array_equal(store.images[:, :, :, 0].numpy(), images)
    assert store.labels.tolist() == [0, 1, 2, 3, 4]
    assert source.spec == ganzoo.ImageSpec(1, 28, 28, num_classes=10)


def write_celeba(root: Path) -> None:
    base = root / "celeba"
    (base / "img_align_celeba").mkdir(parents=True)
    names = [f"{k:06d}.jpg" for k in (1, 2, 3)]
    for k, name in enumerate(names):
        Image.new("RGB", (178, 218), (k * 50, 0, 0)).save(base / "img_align_celeba" / name)
    (base / "list_eval_partition.txt").write_text("".join(f"{n} 0\n" for n in names))
    (base / "list_attr_celeba.txt").write_text(
        "3\nSmiling Young\n"
        + "".join(f"{n} {a} 1\n" for n, a in zip(names, (1, -1, 1), strict=True))
    )
    for extra in ("identity_CelebA.txt",):
        (base / extra).write_text("".join(f"{n} 1\n" for n in names))
    (base / "list_bbox_celeba.txt").write_text("3\na b\n" + "".join(f"{n} 1 1\n" for n in names))
    (base / "list_landmarks_align_celeba.txt").write_text(
        "3\na b\n" + "".join(f"{n} 1 1\n" for n in names)
    )


@pytest.fixture
def celeba(tmp_path, monkeypatch):
    """CelebA in torchvision's layout; its checksums are those of the real files, so not asked."""
    write_celeba(tmp_path)
    from torchvision import datasets

    monkeypatch.setattr(datasets.CelebA, "_check_integrity", lambda self: True)
    return tmp_path


def test_celeba_has_no_labels_by_itself(celeba):
    source = made(CelebA, celeba).open()
    store = ganzoo.ImageStore.from_source(source)
    assert store.images.shape == (3, 64, 64, 3)
    assert store.spec.num_classes == 0


def test_an_attribute_of_celeba_is_a_label_of_two_classes(celeba):
    source = made(CelebA, celeba, attribute="Smiling").open()
    assert ganzoo.ImageStore.from_source(source).labels.tolist() == [1, 0, 1]
    assert source.class_names == ("not-Smiling", "Smiling")


def test_an_unknown_attribute_names_those_there_are(celeba):
    with pytest.raises(ganzoo.UsageError, match="Smiling, Young"):
        made(CelebA, celeba, attribute="Happy").open()


def test_files_of_the_wrong_content_are_not_taken(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(b"not a batch")
    with pytest.raises(ganzoo.DataError, match="cifar10 was not found"):
        made(CIFAR10, tmp_path).open()


def test_files_are_looked_for_in_the_cache_by_default(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path))
    assert MNIST().root == tmp_path / "datasets"
