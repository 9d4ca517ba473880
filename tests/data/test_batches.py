"""Promises of the data order."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import make_store

from ganzoo.data.batches import Batches

CPU = torch.device("cpu")


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 40), batch_size=st.integers(1, 50))
def test_every_epoch_shows_every_image_once(count, batch_size):
    batches = Batches(make_store(count), batch_size, 0, CPU)
    epochs = 3
    needed = -(-epochs * count // batch_size)
    order = torch.cat([batches.order(k) for k in range(needed)])[: epochs * count]
    for epoch in order.view(epochs, count):
        assert sorted(epoch.tolist()) == list(range(count))


def test_a_batch_is_found_without_going_through_those_before_it():
    store = make_store(50)
    walked, jumped = Batches(store, 7, 1, CPU), Batches(store, 7, 1, CPU)
    order = [walked.order(k) for k in range(30)]
    assert torch.equal(jumped.order(29), order[29])
    assert torch.equal(jumped.order(3), order[3])


def test_epochs_and_seeds_differ_in_order():
    store = make_store(50)
    first = Batches(store, 50, 0, CPU)
    assert not torch.equal(first.order(0), first.order(1))
    assert not torch.equal(first.order(0), Batches(store, 50, 1, CPU).order(0))


def test_n_ranks_worth_of_batches_are_one_larger_batch():
    store = make_store(50)
    small, large = Batches(store, 5, 0, CPU), Batches(store, 10, 0, CPU)
    joined = torch.cat([small.order(6), small.order(7)])
    assert torch.equal(joined, large.order(3))
