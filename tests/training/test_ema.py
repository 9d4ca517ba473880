"""Promises of the generator's moving average."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.optim.swa_utils import AveragedModel

from ganzoo.training.ema import MovingAverage


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2).double())


def moved(generator: nn.Module) -> None:
    """One step of something."""
    with torch.no_grad():
        for tensor in (*generator.parameters(), *generator.buffers()):
            tensor += 1


def test_it_is_torchs_average_with_a_decay_that_warms_up():
    generator = network()
    average = MovingAverage(generator, 0.5)

    def formula(averaged, current, n):
        decay = min(0.5, (1 + int(n)) / (10 + int(n)))
        return averaged + (current - averaged) * (1 - decay)

    reference = AveragedModel(generator, avg_fn=formula, use_buffers=True)
    for _ in range(20):
        moved(generator)
        average.update()
        reference.update_parameters(generator)
    for (name, mine), theirs in zip(
        average.module.state_dict().items(), reference.module.state_dict().values(), strict=True
    ):
        if mine.is_floating_point():
            torch.testing.assert_close(mine, theirs, msg=name)


def test_the_first_update_copies_and_whole_numbers_are_copied_always():
    generator = network()
    average = MovingAverage(generator, 0.999)
    moved(generator)
    average.update()
    assert all(map(torch.equal, average.module.parameters(), generator.parameters()))
    moved(generator)
    average.update()
    assert not torch.equal(average.module[0].weight, generator[0].weight)
    assert average.module[1].num_batches_tracked == 2


def test_a_decay_of_zero_follows_exactly():
    generator = network()
    average = MovingAverage(generator, 0.0)
    for _ in range(3):
        moved(generator)
        average.update()
        assert all(map(torch.equal, average.module.buffers(), generator.buffers()))
        assert all(map(torch.equal, average.module.parameters(), generator.parameters()))


def test_a_buffer_that_a_layer_replaces_is_still_followed():
    generator = network()
    average = MovingAverage(generator, 0.0)
    generator[1].running_mean = torch.full((4,), 7.0)
    average.update()
    assert torch.equal(average.module[1].running_mean, torch.full((4,), 7.0))


def test_weights_shared_by_two_layers_are_averaged_once():
    generator = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    generator[1].weight = generator[0].weight
    average = MovingAverage(generator, 0.5)
    average.update()
    before = average.module[0].weight.clone()
    moved(generator)  # one weight, once
    average.update()  # the decay of the second update is 2 / 11
    torch.testing.assert_close(average.module[0].weight, before + 9 / 11)
    assert average.module[0].weight is average.module[1].weight


def test_it_stays_in_evaluation_mode_and_goes_on_from_its_state():
    generator = network()
    average, other = (MovingAverage(generator, 0.9) for _ in range(2))
    assert not average.module.training
    moved(generator)
    average.update()
    other.load_state_dict(average.state_dict())
    moved(generator)
    average.update()
    other.update()
    for mine, theirs in zip(
        average.state_dict().values(), other.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_it_needs_no_gradients(decay):
    generator = network()
    MovingAverage(generator, decay).update()
    assert all(p.grad is None and p.requires_grad for p in generator.parameters())


@pytest.mark.filterwarnings("ignore:.*torch.nn.utils.spectral_norm.* is deprecated")
@pytest.mark.parametrize("normalize", [parametrizations.spectral_norm, nn.utils.spectral_norm])
def test_the_singular_vectors_of_spectral_norm_are_copied_and_stay_of_length_one(normalize):
    """Their average is shorter than 1, which made sampled layers too large: 2.5 times here."""
    torch.manual_seed(0)
    generator = normalize(nn.Linear(24, 24, bias=False))
    average = MovingAverage(generator, 0.99)
    weight = next(iter(generator.parameters()))
    inputs = torch.randn(8, 24)
    for _ in range(300):
        with torch.no_grad():  # a walk that turns the singular vectors
            weight.mul_(0.97).add_(torch.randn_like(weight))
        generator(inputs)  # one power iteration
        average.update()
    for vector, current in zip(average.module.buffers(), generator.buffers(), strict=True):
        assert torch.equal(vector, current)
        assert vector.norm() == pytest.approx(1.0)
    average.module(inputs)
    largest = torch.linalg.svdvals(average.module.weight.detach())[0]
    assert 1.0 <= largest < 1.6  # not 1: they belong to the latest weights, not to their average
