"""Promises about the layouts of known datasets, as these are distributed."""

from __future__ import annotations

import json
from pathlib import Path
from zlib import crc32

import pytest
from ganzoo_image_folder.dataset import ImageFolder
from ganzoo_image_folder.options import ImageFolderOptions
from PIL import Image

import ganzoo


def folder(path: Path, split: str = "train") -> ganzoo.ImageSource:
    return ImageFolder(ImageFolderOptions(path=path)).open(split)


def put(path: Path, size: int = 8) -> None:
    """Save an image whose colour follows its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (size, size), tuple(crc32(path.name.encode()).to_bytes(4)[:3])).save(path)


def labelled(source: ganzoo.ImageSource) -> dict[str, int]:
    """The label of each image, by the name of its file."""
    return {Path(source.locate(k)).name: source.images[k][1] for k in range(len(source.images))}


IMAGENET = {
    "train": ["n01440764/n01440764_10026.JPEG", "n01443537/n01443537_2.JPEG",
              "n01484850/n01484850_17.JPEG"],
    "val": ["n01440764/ILSVRC2012_val_00000293.JPEG", "n01484850/ILSVRC2012_val_00002338.JPEG"],
}  # fmt: skip
"""Files below the folder of each split: a folder for each synset."""


@pytest.mark.parametrize("root", [".", "ILSVRC/Data/CLS-LOC"])
def test_imagenet_is_read_with_its_synsets_as_classes(root, tmp_path):
    """By itself, with torchvision's files beside it, and in the folders of the competition."""
    for split, files in IMAGENET.items():
        for file in files:
            put(tmp_path / root / split / file)
    (tmp_path / "LOC_synset_mapping.txt").write_text("n01440764 tench, Tinca tinca\n")
    (tmp_path / "meta.bin").write_bytes(b"\x80\x02")
    (tmp_path / "ILSVRC2012_devkit_t12.tar.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "ILSVRC" / "ImageSets" / "CLS-LOC").mkdir(parents=True)
    (tmp_path / "ILSVRC" / "ImageSets" / "CLS-LOC" / "val.txt").write_text("")

    train, val = folder(tmp_path), folder(tmp_path, "val")
    assert train.class_names == val.class_names == ("n01440764", "n01443537", "n01484850")
    assert labelled(train) == {Path(name).name: k for k, name in enumerate(IMAGENET["train"])}
    assert labelled(val) == {
        "ILSVRC2012_val_00000293.JPEG": 0,
        "ILSVRC2012_val_00002338.JPEG": 2,
    }


def stylegan(root: Path, labels: dict[str, int] | None) -> None:
    """What StyleGAN's dataset tool writes into a folder."""
    pairs = None if labels is None else [[name, label] for name, label in labels.items()]
    (root / "dataset.json").write_text(json.dumps({"labels": pairs}))


def test_ffhq_as_stylegans_tool_writes_it_has_no_labels(tmp_path):
    names = [f"{k // 1000:05d}/img{k:08d}.png" for k in (0, 1, 999, 1000)]
    for name in names:
        put(tmp_path / name)
    stylegan(tmp_path, None)
    source = folder(tmp_path)
    assert [source.locate(k) for k in range(4)] == [str(tmp_path / name) for name in names]
    assert source.spec == ganzoo.ImageSpec(3, 64, 64)


def test_ffhqs_own_folders_of_a_thousand_images_become_classes_unless_its_json_says_otherwise(
    tmp_path,
):
    """As downloaded: `images1024x1024/00000/00000.png`; the folders mean nothing."""
    for name in ("00000/00000.png", "01000/01000.png"):
        put(tmp_path / name)
    assert folder(tmp_path).class_names == ("00000", "01000")
    stylegan(tmp_path, None)
    assert folder(tmp_path).class_names == ()


def test_afhq_as_stylegans_tool_writes_it_has_the_labels_of_its_json(tmp_path):
    labels = {"00000/img00000000.png": 0, "00000/img00000001.png": 2, "00001/img00001000.png": 1}
    for name in labels:
        put(tmp_path / name)
    stylegan(tmp_path, labels)
    source = folder(tmp_path)
    assert labelled(source) == {Path(name).name: label for name, label in labels.items()}
    assert source.class_names == ("0", "1", "2")


def test_afhq_as_downloaded_has_splits_and_classes(tmp_path):
    """`afhq/train/cat/flickr_cat_000002.jpg`."""
    for split in ("train", "val"):
        for kind in ("cat", "dog", "wild"):
            put(tmp_path / "afhq" / split / kind / f"flickr_{kind}_000002.jpg")
    for split in ("train", "val"):
        source = folder(tmp_path, split)
        assert source.class_names == ("cat", "dog", "wild")
        assert sorted(labelled(source).values()) == [0, 1, 2]


def test_an_archive_is_to_be_unpacked(tmp_path):
    """StyleGAN's tool writes zip files too."""
    (tmp_path / "ffhq.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(ganzoo.DataError, match="ffhq.zip is a file, not a folder; unpack it"):
        folder(tmp_path / "ffhq.zip")
