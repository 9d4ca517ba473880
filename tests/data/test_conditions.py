"""Promises of conditions: vectors and pictures stay with their images on the way to a batch."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import DataError, ImageSource, ImageSpec, ImageStore, ImageStream, Picture, Vector
from ganzoo.data import checksums, conditions, reading, store_folder
from ganzoo.data.batches import Batches
from ganzoo.data.conditions import examples, stored_bytes
from ganzoo.data.loading import Prefetched, Resident

CPU = torch.device("cpu")
KINDS = {"vector": Vector(3), "picture": Picture(2)}


def image(k: int, channels: int = 1, size: int = 4) -> torch.Tensor:
    """Pixels of noise, the same for each k."""
    rng = np.random.default_rng(1000 * channels + k)
    return torch.from_numpy(rng.integers(0, 256, (channels, size, size), dtype=np.uint8))


def condition(kind: str, k: int):
    return [k, -0.5 * k, 1.0] if kind == "vector" else image(k, channels=2)


def source(kind: str, count: int = 30, **changes) -> ImageSource:
    """Images with conditions; `changes` holds other conditions, `at3` for that of image 3."""
    pairs = [(image(k), changes.get(f"at{k}", condition(kind, k))) for k in range(count)]
    spec = ImageSpec(1, 4, 4, condition=KINDS[kind])
    return ImageSource(pairs, spec, locate="file-{}.png".format)


def expected(kind: str, k: int) -> torch.Tensor:
    """What a batch holds for image k."""
    value = condition(kind, k)
    return torch.tensor(value) if kind == "vector" else value / 127.5 - 1


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    return request.param


def stored(kind, **options) -> ImageStore:
    return ImageStore.from_source(source(kind), **options)


# --- What a source may give


def test_a_batch_holds_the_condition_of_each_image(kind):
    rows = torch.tensor([7, 2, 7])
    batch = stored(kind).batch(rows)
    assert batch.labels.dtype == torch.float32
    for row, k in enumerate(rows.tolist()):
        torch.testing.assert_close(batch.images[row], image(k) / 127.5 - 1)
        torch.testing.assert_close(batch.labels[row], expected(kind, k))


@pytest.mark.parametrize("given", [[1, 2, 3], (1.0, 2.0, 3.0), np.arange(1, 4), torch.arange(1, 4)])
def test_a_vector_is_any_sequence_of_numbers(given):
    store = ImageStore.from_source(source("vector", at0=given))
    assert store.batch(torch.tensor([0])).labels.tolist() == [[1, 2, 3]]


def test_a_picture_is_decoded_to_the_shape_and_channels_that_are_asked_for():
    """As the image is: cropped to the middle and resized."""
    picture = Image.linear_gradient("L").resize((48, 24))
    spec = ImageSpec(3, 24, 48, condition=Picture(1))
    store = ImageStore.from_source(ImageSource([(picture, picture)], spec), size=16)
    assert store.spec == ImageSpec(3, 16, 16, condition=Picture(1))
    batch = store.batch(torch.tensor([0]))
    assert batch.images.shape == (1, 3, 16, 16)
    assert torch.equal(batch.images[:, :1], batch.labels)
    assert batch.labels.is_contiguous(memory_format=torch.channels_last)


def test_ones_own_dataset_needs_no_description():
    rgb = Image.new("RGB", (6, 4))
    cases = [
        ((rgb, rgb.convert("L")), Picture(1)),
        ((rgb, image(0, channels=2)), Picture(2)),
        ((rgb, [0.5, 1.0]), Vector(2)),
        ((rgb, np.zeros(4)), Vector(4)),
    ]
    for pair, found in cases:
        store = ImageStore.from_dataset([pair, pair])
        assert store.spec == ImageSpec(3, 4, 6, condition=found)
        assert len(store.batch(torch.arange(2)).labels) == 2
    labelled = [(rgb, torch.tensor([k])) for k in (0, 1)]
    assert ImageStore.from_dataset(labelled).spec == ImageSpec(3, 4, 6, num_classes=2)


WRONG = [
    (
        "vector",
        [1.0, 2.0],
        r"file-3.png comes with a vector of 2, .* says a vector of 3",
    ),
    ("vector", [[1.0, 2.0, 3.0]], r"a vector of 1x3, and the dataset says a vector of 3"),
    ("vector", [1.0, float("nan"), 3.0], r"a vector that is not finite: \[1.0, nan, 3.0\]"),
    ("vector", "smiling", r"the condition 'smiling', and the dataset says a vector of 3"),
    ("vector", 7, r"the condition 7, and the dataset says a vector of 3"),
    ("vector", None, r"comes with no condition, and the dataset says a vector"),
    ("picture", 7, r"file-3.png comes with the condition 7, and the dataset says a picture"),
    ("picture", [1.0, 2.0, 3.0], r"comes with a list as condition, and the dataset says a picture"),
    ("picture", None, r"comes with no condition, and the dataset says a picture"),
    ("picture", torch.zeros(2, 4, 4), r"a wrong picture: .* must be uint8 .* got torch.float32"),
    ("picture", torch.zeros(5, 4, 4, dtype=torch.uint8), r"a wrong picture: .* 5 channels"),
]


@pytest.mark.parametrize(("kind", "wrong", "message"), WRONG)
@pytest.mark.parametrize("skip", [False, True])
def test_a_wrong_condition_names_its_image_and_is_never_left_out(kind, wrong, message, skip):
    wrong_source = source(kind, at3=wrong)
    with pytest.raises(DataError, match=message) as error:
        ImageStore.from_source(wrong_source, skip_bad_images=skip)
    assert "\n" not in str(error.value)
    streamed = ImageStream(wrong_source, size=(4, 4), channels=1, workers=0, skip_bad_images=skip)
    with pytest.raises(DataError, match=message):
        streamed.batch(torch.tensor([3]))
    with pytest.raises(DataError, match=message):
        Batches(streamed, 30, 0, CPU)[0]


def test_images_alone_have_no_condition(kind):
    spec = ImageSpec(1, 4, 4, condition=KINDS[kind])
    with pytest.raises(DataError, match="image 0 comes with no condition"):
        ImageStore.from_source(ImageSource([image(0)], spec))


def test_a_label_that_is_no_number_says_so():
    with pytest.raises(DataError, match="image 0 has label 'cat', and labels are integers"):
        ImageStore.from_source(ImageSource([(image(0), "cat")], ImageSpec(1, 4, 4, num_classes=2)))


def test_a_picture_that_cannot_be_read_is_an_unreadable_image(tmp_path):
    """It may be left out, as an image may, and the others keep their conditions."""
    Image.fromarray(image(0, size=64)[0].numpy()).save(tmp_path / "x.png")
    content = (tmp_path / "x.png").read_bytes()
    (tmp_path / "x.png").write_bytes(content[:2000])

    class Broken(list):
        def __getitem__(self, index):
            if index != 3:
                return super().__getitem__(index)
            with Image.open(tmp_path / "x.png") as picture:
                picture.load()
            return image(3), picture

    whole = source("picture")
    broken = replace(whole, images=Broken(whole.images))
    with pytest.raises(DataError, match=r"1 image\(s\) cannot be read:\n  file-3.png: OSError"):
        ImageStore.from_source(broken)
    with pytest.warns(ganzoo.GanzooWarning, match="left out"):
        store = ImageStore.from_source(broken, skip_bad_images=True)
    assert len(store) == len(store.labels) == 29
    batch = store.batch(torch.tensor([3]))
    torch.testing.assert_close(batch.labels[0], expected("picture", 4))


# --- The cache


def open_store(cache, kind, **changes) -> ImageStore:
    return ImageStore.from_source(source(kind, **changes), key={"dataset": "t"}, cache_dir=cache)


def files(cache) -> dict[str, os.PathLike]:
    return {path.name: path for path in cache.glob("stores/*/*")}


def test_a_second_opening_decodes_nothing_and_has_the_same_conditions(tmp_path, kind, monkeypatch):
    first = open_store(tmp_path, kind)
    monkeypatch.setattr(reading, "Decoder", None)
    again = open_store(tmp_path, kind)
    assert torch.equal(first.labels, again.labels)
    assert again.labels.dtype == (torch.float32 if kind == "vector" else torch.uint8)
    assert not [path for path in files(tmp_path).values() if path.name == "labels.i64"]


@pytest.mark.parametrize("damaged", [lambda data: data[:-3], lambda data: data[:-1] + b"\x99"])
def test_damaged_conditions_are_built_again_with_a_warning(tmp_path, kind, damaged):
    labels = open_store(tmp_path, kind).labels.clone()
    names = ["labels.f32"] if kind == "vector" else ["pictures.u8", "pictures-checksums.u32"]
    for name in names:
        file = files(tmp_path)[name]
        file.write_bytes(damaged(file.read_bytes()))
        with pytest.warns(ganzoo.GanzooWarning, match=r"is damaged.*decoding its images again"):
            again = open_store(tmp_path, kind)
        assert torch.equal(again.labels, labels)


def test_each_block_of_pictures_has_its_crc_32(tmp_path):
    open_store(tmp_path, "picture")
    pixels = files(tmp_path)["pictures.u8"].read_bytes()
    kept = files(tmp_path)["pictures-checksums.u32"].read_bytes()
    assert kept == struct.pack("<I", zlib.crc32(pixels))
    assert pixels == b"".join(
        image(k, channels=2).permute(1, 2, 0).numpy().tobytes() for k in range(30)
    )


@pytest.mark.parametrize("way", [lambda s, rows: s.batch(rows), lambda s, rows: s.select(rows)])
def test_a_damaged_picture_of_a_large_store_is_never_used(tmp_path, monkeypatch, way):
    monkeypatch.setattr(store_folder, "AT_ONCE", 0)
    monkeypatch.setattr(checksums, "BLOCK", 64)  # two pictures, four images
    open_store(tmp_path, "picture")
    file = files(tmp_path)["pictures.u8"]
    pixels = bytearray(file.read_bytes())
    pixels[32 * 9 + 5] ^= 1
    file.write_bytes(pixels)
    store = open_store(tmp_path, "picture")
    way(store, torch.tensor([0, 7, 10]))
    with pytest.raises(DataError, match="damaged near image 8"):
        way(store, torch.tensor([8]))


def test_another_condition_is_another_store(tmp_path):
    open_store(tmp_path, "picture")
    open_store(tmp_path, "vector")
    assert len(list(tmp_path.glob("stores/*/store.json"))) == 2


def test_workers_decode_the_same(monkeypatch, kind):
    here = ImageStore.from_source(source(kind, count=120))
    monkeypatch.setattr(reading, "WORKER_THRESHOLD", 0.0)
    by_workers = ImageStore.from_source(source(kind, count=120))
    assert torch.equal(here.labels, by_workers.labels)
    with pytest.raises(DataError, match="file-110.png comes with"):
        ImageStore.from_source(source(kind, count=120, at110="wrong"))


# --- Batches


@pytest.mark.parametrize("load", [Resident, Prefetched])
def test_every_way_to_load_gives_the_same_conditions(kind, load):
    store = stored(kind)
    plain = Batches(store, 7, 0, CPU)
    loader = load(store.images, store.conditions, plain.order, CPU)
    for k in (0, 5, 1):
        assert torch.equal(loader(k).labels, plain[k].labels)
        assert torch.equal(loader(k).images, plain[k].images)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_gives_the_conditions_of_a_store(kind, workers):
    streamed = ImageStream(source(kind), size=(4, 4), channels=1, workers=workers)
    batches = [
        Batches(images, 7, 0, CPU, horizontal_flip=True) for images in (stored(kind), streamed)
    ]
    for k in (0, 1, 4):
        first, second = (some[k] for some in batches)
        assert torch.equal(first.labels, second.labels)
        assert torch.equal(first.images, second.images)
    rows = torch.tensor([3, 29, 3])
    assert torch.equal(streamed.batch(rows).labels, stored(kind).batch(rows).labels)


def test_an_image_and_its_picture_are_mirrored_together():
    plain, flipped = (
        Batches(stored("picture"), 16, 0, CPU, horizontal_flip=flip) for flip in (False, True)
    )
    mirrored = []
    for k in range(4):
        for before, after in zip(pairs(plain[k]), pairs(flipped[k]), strict=True):
            mirrored.append(torch.equal(after[0], before[0].flip(2)))
            wanted = [part.flip(2) for part in before] if mirrored[-1] else before
            assert all(torch.equal(part, want) for part, want in zip(after, wanted, strict=True))
    assert 16 < sum(mirrored) < 48  # of 64; four standard deviations are 16


def pairs(batch: ganzoo.Batch) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(zip(batch.images, batch.labels, strict=True))


def test_vectors_stay_as_they_are_when_images_are_mirrored():
    plain, flipped = (
        Batches(stored("vector"), 16, 0, CPU, horizontal_flip=flip) for flip in (False, True)
    )
    assert torch.equal(plain[2].labels, flipped[2].labels)
    assert not torch.equal(plain[2].images, flipped[2].images)


# --- Examples for sampling


def test_examples_are_pairs_spread_over_the_set(kind, monkeypatch):
    monkeypatch.setattr(conditions, "KEPT", 5)
    found = examples(stored(kind))
    evenly = stored(kind).batch(torch.tensor([0, 7, 14, 22, 29]))
    flat = [torch.cat([b.images.flatten(1), b.labels.flatten(1)], 1) for b in (found, evenly)]
    order = torch.cdist(*flat).argmin(1)
    assert sorted(order.tolist()) == [0, 1, 2, 3, 4] != order.tolist()
    assert torch.equal(flat[0], flat[1][order])


def test_examples_are_at_most_256_and_16_mib(monkeypatch):
    assert len(examples(ImageStore.from_source(source("vector", count=300)))) == 256
    assert len(examples(stored("picture"))) == 30
    monkeypatch.setattr(conditions, "KEPT_BYTES", 10 * 2 * 4 * 4 + 1)
    assert len(examples(stored("picture"))) == 10


def test_classes_need_no_examples():
    assert examples(ImageStore.from_dataset([(image(0), 0), (image(1), 1)])) is None


def test_the_size_of_an_image_counts_its_condition():
    assert stored_bytes(ImageSpec(3, 4, 5)) == 60 + 8
    assert stored_bytes(ImageSpec(3, 4, 5, condition=Vector(7))) == 60 + 28
    assert stored_bytes(ImageSpec(3, 4, 5, condition=Picture(2))) == 60 + 40
