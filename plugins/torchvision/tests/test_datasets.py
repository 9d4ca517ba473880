"""Promises of torchvision's datasets. Nothing is downloaded: files are made in their layouts."""

from __future__ import annotations

import importlib
import pickle
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from ganzoo_torchvision.datasets import CIFAR10, CIFAR100, MNIST, STL10, SVHN, CelebA
from PIL import Image

import ganzoo

ALL = [MNIST, CIFAR10, CIFAR100, SVHN, CelebA, STL10]


def made(kind, root: Path, **more):
    options = {"root": root, "download": False, **more}
    return ganzoo.create("dataset", kind.__name__.lower(), **options)


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
        made(MNIST, tmp_path / "file", download=True).open()


@pytest.mark.parametrize("kind", [MNIST, CIFAR10, CIFAR100, CelebA, STL10])
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
        made(SVHN, tmp_path, download=True).open()
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


@pytest.fixture
def unchecked(monkeypatch):
    """The checksums are those of the real files, so only the files' presence is asked for."""
    for name in ("cifar", "svhn", "stl10"):
        module = importlib.import_module(f"torchvision.datasets.{name}")
        monkeypatch.setattr(module, "check_integrity", lambda path, md5=None: Path(path).is_file())


def random_images(count: int, size: int) -> np.ndarray:
    """Colour images `(N, 3, H, W)`."""
    return np.random.default_rng(count).integers(0, 256, (count, 3, size, size), np.uint8)


def stored(source) -> tuple[np.ndarray, list[int]]:
    """Images `(N, 3, H, W)` and labels, as training reads them."""
    store = ganzoo.ImageStore.from_source(source)
    return store.images.permute(0, 3, 1, 2).numpy(), store.labels.tolist()


@pytest.mark.parametrize(
    ("kind", "folder", "files", "labels", "meta"),
    [
        (
            CIFAR10,
            "cifar-10-batches-py",
            {"train": [f"data_batch_{k}" for k in range(1, 6)], "test": ["test_batch"]},
            "labels",
            ("batches.meta", "label_names"),
        ),
        (
            CIFAR100,
            "cifar-100-python",
            {"train": ["train"], "test": ["test"]},
            "fine_labels",
            ("meta", "fine_label_names"),
        ),
    ],
)
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.usefixtures("unchecked")
def test_batches_of_cifar_are_read(kind, folder, files, labels, meta, split, tmp_path):
    """Pickles of protocol 2: rows of 1,024 red values, then green, then blue."""
    (tmp_path / folder).mkdir()
    names, classes = [*files["train"], *files["test"]], kind.natural.num_classes
    parts = {name: random_images(k + 1, 32) for k, name in enumerate(names)}
    for name, part in parts.items():
        content = {"data": part.reshape(len(part), -1), labels: list(range(len(part)))}
        (tmp_path / folder / name).write_bytes(pickle.dumps(content, protocol=2))
    named = {meta[1]: [f"class {k}" for k in range(classes)]}
    (tmp_path / folder / meta[0]).write_bytes(pickle.dumps(named, protocol=2))
    source = made(kind, tmp_path).open(split)
    pixels, read = stored(source)
    assert np.array_equal(pixels, np.concatenate([parts[name] for name in files[split]]))
    assert read == [k for name in files[split] for k in range(len(parts[name]))]
    assert source.class_names == tuple(named[meta[1]])


@pytest.mark.parametrize("split", ["train", "test", "extra"])
@pytest.mark.usefixtures("unchecked")
def test_matlab_files_of_svhn_are_read(split, tmp_path):
    """X is (H, W, C, N), and the digit 0 has the label 10."""
    io = pytest.importorskip("scipy.io")
    images = random_images(3, 32)
    content = {"X": images.transpose(2, 3, 1, 0), "y": np.array([[10], [1], [9]], np.uint8)}
    io.savemat(tmp_path / f"{split}_32x32.mat", content)
    pixels, labels = stored(made(SVHN, tmp_path).open(split))
    assert np.array_equal(pixels, images)
    assert labels == [0, 1, 9]


@pytest.fixture
def stl10(tmp_path, unchecked) -> dict[str, np.ndarray]:
    """STL-10 in its binary format: columns before rows, labels from 1. The images of each split."""
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    splits = {"train": random_images(3, 96), "test": random_images(2, 96)}
    splits["unlabeled"] = random_images(4, 96)
    for split, images in splits.items():
        (folder / f"{split}_X.bin").write_bytes(images.transpose(0, 1, 3, 2).tobytes())
        if split != "unlabeled":
            (folder / f"{split}_y.bin").write_bytes(bytes([10, 1, 2][: len(images)]))
    (folder / "class_names.txt").write_text("".join(f"class {k}\n" for k in range(10)))
    return splits


def test_binary_files_of_stl10_are_read(stl10, tmp_path):
    for split, expected in (("train", [9, 0, 1]), ("test", [9, 0])):
        source = made(STL10, tmp_path).open(split)
        pixels, labels = stored(source)
        assert np.array_equal(pixels, stl10[split])
        assert labels == expected
        assert source.class_names[9] == "class 9"
        assert source.spec == ganzoo.ImageSpec(3, 96, 96, num_classes=10)


def test_unlabelled_images_of_stl10_are_a_split_or_those_to_train_on(stl10, tmp_path):
    alone = made(STL10, tmp_path).open("unlabeled")
    for source in (alone, made(STL10, tmp_path, unlabeled=True).open()):
        pixels, labels = stored(source)
        assert np.array_equal(pixels, stl10["unlabeled"])
        assert labels == [0] * 4
        assert source.spec == ganzoo.ImageSpec(3, 96, 96)
    held_out = made(STL10, tmp_path, unlabeled=True).open("test")
    assert np.array_equal(stored(held_out)[0], stl10["test"])
    assert held_out.spec == alone.spec


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
