"""Promises of the classifier and of the metric of classes."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from ganzoo_classifier import extractor as module
from ganzoo_classifier.extractor import DatasetClassifier
from ganzoo_classifier.metric import Classes
from ganzoo_classifier.options import ClassifierOptions

import ganzoo

SMALL = ClassifierOptions(epochs=2, images=3000, width=8)


def reference(count=3000):
    store = ganzoo.ImageStore.from_source(ganzoo.create("dataset", "fashion-mnist").open())
    images = store.images[:count].permute(0, 3, 1, 2).contiguous()
    labels = store.labels[:count]
    return ganzoo.ImageSet(images=images, labels=labels, num_classes=10)


@pytest.mark.slow
def test_it_learns_to_tell_clothes_apart():
    """All 10,000 images, as `ganzoo evaluate` trains it; other tests find it in the cache."""
    clothes = "fashion-mnist", "fashion-mnist"
    (found, *_) = ganzoo.evaluate(*clothes, metrics="class-shares", n=100, floor=False)
    assert found.extractor == "gan-zoo/classifier"
    assert found.notes["accuracy"] > 0.87


def test_of_several_that_need_it_at_the_same_time_one_trains_it(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path))
    trained, train = [], module.train
    monkeypatch.setattr(module, "train", lambda *a: trained.append(a) or train(*a))
    images, several = reference(300), [DatasetClassifier(SMALL) for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        notes = [*pool.map(lambda made: made.prepare(images, "clothes"), several)]
    assert len(trained) == 1
    assert notes == [notes[0]] * 3
    assert len({made.fingerprint for made in several}) == 1


def test_without_a_cache_that_can_be_written_it_is_trained_all_the_same(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "file"))
    assert 0 <= DatasetClassifier(SMALL).prepare(reference(300), "clothes")["accuracy"] <= 1


def test_it_is_trained_once_and_then_found(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path))
    first, second = DatasetClassifier(SMALL), DatasetClassifier(SMALL)
    notes = first.prepare(reference(), "clothes")
    monkeypatch.setattr(module, "train", lambda *_: pytest.fail("it was trained again"))
    assert second.prepare(reference(), "clothes") == notes
    assert second.fingerprint == first.fingerprint
    (file,) = (tmp_path / "classifiers").glob("*.safetensors")
    file.write_bytes(b"damaged")
    monkeypatch.undo()
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path))
    third = DatasetClassifier(SMALL)
    assert third.prepare(reference(), "clothes") == notes
    assert third.fingerprint == first.fingerprint  # trained the same way each time


def test_too_few_or_too_small_images_are_refused():
    few = reference(50)
    with pytest.raises(ganzoo.Unsupported, match="ten images per class, and there are 50 for 10"):
        DatasetClassifier().prepare(few, "")
    points = ganzoo.ImageSet(
        images=few.images[:, :, :1, :1].repeat(9, 1, 1, 1), labels=few.labels, num_classes=10
    )
    with pytest.raises(ganzoo.Unsupported, match="at least 8x8"):
        DatasetClassifier().prepare(points, "")


def answers(counts):
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    images = torch.zeros(len(labels), 1, 1, 1, dtype=torch.uint8)
    return ganzoo.ImageSet(images=images, logits=10 * torch.eye(len(counts))[labels])


def test_classes_are_counted_from_a_tenth_of_their_share_on():
    real = answers([100, 100, 100, 100])
    assert Classes().measure(real, real, seed=0)["classes"].value == 4
    assert Classes().measure(answers([195, 194, 11, 0]), real, seed=0)["classes"].value == 3
    assert Classes().measure(answers([196, 196, 8, 0]), real, seed=0)["classes"].value == 2


def test_the_divergence_is_that_of_the_shares():
    real, half = answers([100, 100]), answers([150, 50])
    assert Classes().measure(real, real, seed=0)["class-KL"].value == 0
    wanted = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert Classes().measure(half, real, seed=0)["class-KL"].value == pytest.approx(wanted)
