"""Promises of loading batches onto a device."""

from __future__ import annotations

import threading

import pytest
import torch
from toys import make_store

from ganzoo.data.batches import Batches
from ganzoo.data.loading import PREFETCH, Prefetched, Resident, fits

CPU = torch.device("cpu")
KINDS = [Resident, Prefetched]


def pairs(kind, store, *, labelled=True):
    """Batches of a store as it gives them, and as a loader does."""
    plain = Batches(store, 7, 0, CPU)
    labels = store.labels if labelled else None
    return plain, kind(store.images, labels, plain.order, CPU)


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_to_load_gives_the_same_batches(kind):
    plain, loader = pairs(kind, make_store(30, classes=3))
    for k in (0, 1, 2, 9, 3, 4):  # a run that was resumed begins anywhere
        torch.testing.assert_close(loader(k).images, plain[k].images, rtol=0, atol=0)
        assert torch.equal(loader(k).labels, plain[k].labels)


@pytest.mark.parametrize("kind", KINDS)
def test_images_without_labels_get_none(kind):
    _, loader = pairs(kind, make_store(30), labelled=False)
    assert loader(0).labels is None


def test_batches_are_gathered_ahead_by_another_thread_and_each_once():
    store = make_store(30)
    gathered = []

    class Watched(Prefetched):
        def _gather(self, chosen):
            gathered.append((threading.current_thread(), chosen))
            return super()._gather(chosen)

    plain, loader = pairs(Watched, store)
    for k in range(4):
        loader(k)
    pending = [future.result() for future in loader._pending.values()]
    assert len(pending) == PREFETCH
    assert len(gathered) == 4 + PREFETCH
    assert threading.main_thread() not in [thread for thread, _ in gathered]
    assert all(torch.equal(chosen, plain.order(k)) for k, (_, chosen) in enumerate(gathered))


def test_an_error_of_the_thread_is_one_of_the_step():
    store = make_store(30)
    loader = Prefetched(store.images, None, lambda k: torch.tensor([99]), CPU)
    with pytest.raises(IndexError):
        loader(0)


@pytest.mark.parametrize(
    ("device", "on_device", "kept"),
    [("cpu", "on", False), ("cuda", "on", True), ("cuda", "off", False), ("mps", "auto", False)],
)
def test_images_are_kept_on_a_device_where_that_is_asked_or_known_to_fit(device, on_device, kept):
    assert fits(10, torch.device(device), on_device) is kept


def test_auto_keeps_images_on_a_device_up_to_a_fourth_of_its_free_memory(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (400, 1000))
    assert fits(100, torch.device("cuda"), "auto")
    assert not fits(101, torch.device("cuda"), "auto")


def test_each_image_is_flipped_with_probability_half_depending_on_seed_and_batch_alone():
    store = make_store(64)
    plain, flipped, again = (
        Batches(store, 32, 0, CPU, horizontal_flip=flip) for flip in (False, True, True)
    )
    again[7]
    mirrored = []
    for k in range(4):
        torch.rand(k)
        assert torch.equal(flipped[k].images, again[k].images)
        for image, original in zip(flipped[k].images, plain[k].images, strict=True):
            mirrored.append(torch.equal(image, original.flip(2)))
            assert mirrored[-1] or torch.equal(image, original)
    assert 40 < sum(mirrored) < 88  # of 128; five standard deviations are 28


def test_labels_stay_with_their_images_when_these_are_flipped():
    store = make_store(64, classes=3)
    plain, flipped = (Batches(store, 32, 0, CPU, horizontal_flip=flip) for flip in (False, True))
    assert torch.equal(plain[3].labels, flipped[3].labels)
