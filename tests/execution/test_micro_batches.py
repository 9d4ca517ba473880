"""Promises of gradient accumulation and of data parallel training."""

from __future__ import annotations

import re

import pytest
import torch
from shared_training import (
    anchored_states_after,
    augmented_after,
    gradients_after_an_update,
    images_seen,
    resumed_from,
    states_after,
    terms_of_a_step,
    trainer,
    weights_after,
)
from together import together
from torch import nn
from toys import same

import ganzoo
from ganzoo.execution.micro_batches import MicroBatch, split_batch
from ganzoo.execution.random_draws import draws_of_whole_batch

SGD = {"optimizer": "sgd", "betas": (0.0, 0.9), "generator_lr": 0.05, "discriminator_lr": 0.05}
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


@pytest.mark.parametrize("ranks", [2, 4])
def test_gradients_of_a_gradient_penalty_on_several_processes_are_those_of_the_joint_batch(ranks):
    alone = gradients_after_an_update({})
    for found in together(ranks, gradients_after_an_update, {}):
        torch.testing.assert_close(found, alone, **CLOSE)


@pytest.mark.parametrize("parts", [2, 8])
def test_gradients_of_a_gradient_penalty_in_parts_are_those_of_the_whole_batch(parts):
    found = gradients_after_an_update({"grad_accum_steps": parts})
    torch.testing.assert_close(found, gradients_after_an_update({}), **CLOSE)


@pytest.mark.parametrize(
    "settings",
    [SGD, SGD | {"conditional": True}, SGD | {"reuse_fakes": False, "horizontal_flip": True}],
)
def test_training_on_two_processes_and_in_parts_is_training_on_the_joint_batch(settings):
    alone = weights_after(4, settings)
    first, second = together(2, weights_after, 4, settings | {"grad_accum_steps": 2})
    torch.testing.assert_close(first, alone, **CLOSE)
    assert all(same(a, b) for a, b in zip(first, second, strict=True)), "the processes part"


def test_n_processes_see_the_images_of_one_with_n_times_the_batch_in_the_same_order():
    alone = images_seen({})
    first, second = together(2, images_seen, {})
    assert torch.equal(torch.cat([first, second], dim=1), alone)


def test_terms_are_means_over_all_processes_and_parts():
    alone = terms_of_a_step({})
    for found in together(2, terms_of_a_step, {"grad_accum_steps": 2}):
        torch.testing.assert_close(found, alone, **CLOSE)


def test_what_was_seen_in_parts_is_what_was_seen_at_once():
    whole, parts = trainer(), trainer(grad_accum_steps=4)
    whole.train_step()
    parts.train_step()
    torch.testing.assert_close(tuple(parts.record), tuple(whole.record), **CLOSE)


def test_what_two_processes_have_trained_one_goes_on_with_and_the_other_way_round():
    straight = weights_after(4, SGD)[0]
    alone = trainer(**SGD)
    alone.fit(2)
    by_two = together(2, resumed_from, alone.state_dict(), SGD)[0]
    torch.testing.assert_close(by_two["generator"], straight, **CLOSE)

    (halfway, _) = together(2, states_after, 2, SGD)
    by_one = resumed_from(halfway, SGD)
    torch.testing.assert_close(by_one["generator"], straight, **CLOSE)


@pytest.mark.parametrize("parts", [2, 8])
def test_the_state_of_a_penalty_in_micro_batches_is_that_in_the_whole_batch(parts):
    """It changes once an update, whatever the number of micro-batches."""
    state, training = anchored_states_after(4, SGD)
    found, found_training = anchored_states_after(4, SGD | {"grad_accum_steps": parts})
    assert state["updates"] == found["updates"] == 8, "n_critic is 2"
    assert state["reals"].abs() > 1e-3
    torch.testing.assert_close(found, state, **CLOSE)
    torch.testing.assert_close(found_training["discriminator"], training["discriminator"], **CLOSE)


def test_the_state_of_a_penalty_on_two_processes_is_that_on_one():
    state, training = anchored_states_after(4, SGD)
    both = together(2, anchored_states_after, 4, SGD | {"grad_accum_steps": 2})
    for found, found_training in both:
        torch.testing.assert_close(found, state, **CLOSE)
        torch.testing.assert_close(
            found_training["discriminator"], training["discriminator"], **CLOSE
        )
    assert all(torch.equal(both[0][0][name], both[1][0][name]) for name in state)


def test_an_augmentation_gives_each_image_what_it_gets_in_one_process_and_adapts_to_all_scores():
    state, discriminator = augmented_after(3, SGD)
    assert next(iter(state.values())) > 0.101
    in_parts = augmented_after(3, SGD | {"grad_accum_steps": 4})
    both = together(2, augmented_after, 3, SGD | {"grad_accum_steps": 2})
    for found_state, found in (in_parts, *both):
        torch.testing.assert_close(found_state, state, **CLOSE)
        torch.testing.assert_close(found, discriminator, **CLOSE)


def test_buffers_that_no_micro_batch_changes_stay_the_same_to_the_bit():
    found, _ = anchored_states_after(4, SGD | {"batch_size": 9, "grad_accum_steps": 3})
    assert torch.equal(found["constant"], torch.full((3,), 0.1))
    assert torch.equal(found["never_reached"], torch.full((3,), torch.inf))


@pytest.mark.parametrize(
    ("ranks", "grad_accum_steps", "said"),
    [
        (2, 1, "2 processes"),
        (1, 3, "grad_accum_steps=3"),
        (2, 3, "2 processes and grad_accum_steps=3"),
    ],
)
def test_a_batch_that_cannot_be_divided_equally_is_refused_with_sizes_that_can(
    ranks, grad_accum_steps, said
):
    with pytest.raises(ganzoo.UsageError, match=f"7 images .* among {said}") as raised:
        split_batch(7, grad_accum_steps, 0, ranks)
    sizes = [int(size) for size in re.findall(r"\d+", str(raised.value).split("try")[1])]
    assert sizes
    assert all(size % (ranks * grad_accum_steps) == 0 for size in sizes)


RANDOM = {
    "rand_like": lambda rows: torch.rand_like(rows),
    "randn": lambda rows: torch.randn(len(rows), 3),
    "bernoulli": lambda rows: torch.bernoulli(rows.abs().clamp(0, 1)),
    "dropout": lambda rows: nn.functional.dropout(rows, 0.5),
    "a method": lambda rows: torch.empty_like(rows).uniform_(),
    "for reals and fakes": lambda rows: torch.rand(2 * len(rows), 1).view(2, len(rows)).t(),
}


@pytest.mark.parametrize("draw", RANDOM.values(), ids=RANDOM)
def test_a_share_draws_the_random_numbers_of_its_rows_of_the_whole_batch(draw):
    rows = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))

    def drawn(micro_batch):
        torch.manual_seed(2)
        with draws_of_whole_batch(micro_batch):
            return draw(rows[micro_batch.rows])

    whole = drawn(MicroBatch(0, 8, 8))
    parts = [drawn(MicroBatch(k, k + 2, 8)) for k in (0, 2, 4, 6)]
    torch.testing.assert_close(torch.cat(parts), whole)


def test_compiling_is_left_out_where_a_batch_is_divided():
    with pytest.warns(UserWarning, match='compile="on": the batch is split into micro-batches'):
        trainer(grad_accum_steps=2, compile="on").train_step()
