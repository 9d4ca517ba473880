"""Promises of the trial of a discriminator, and of the check of parameters that nobody trains."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from shared_training import trainer
from torch import nn
from toys import LogisticLoss, RealGradientPenalty, TinyDiscriminator

from ganzoo import Demands, ImageSpec, PluginError, Unsupported
from ganzoo.assembly.demands import check_discriminator, check_parameters, perturb

IMAGE = ImageSpec(1, 8, 8)
NO_BATCH = Demands(forbids_batch_statistics=True)


class Gated(nn.Module):
    """A branch behind a gain that starts at zero, as residual networks are often initialized."""

    def __init__(self, branch: nn.Module, gain: torch.Tensor):
        super().__init__()
        self.branch = branch
        self.gain = nn.Parameter(gain)

    def forward(self, x):
        return x + self.gain * self.branch(x)


class ZeroConvolution(nn.Module):
    """A branch that ends in a convolution whose weights start at zero."""

    def __init__(self, branch: nn.Module):
        super().__init__()
        self.branch = branch
        self.last = nn.Conv2d(8, 8, 1, bias=False)
        nn.init.zeros_(self.last.weight)

    def forward(self, x):
        return x + self.last(self.branch(x))


class DeviationOfTheBatch(nn.Module):
    def forward(self, x):
        return x.std(0).mean().expand_as(x)


GATES = {
    "a scalar": lambda branch: Gated(branch, torch.zeros(())),
    "a number for each channel": lambda branch: Gated(branch, torch.zeros(8, 1, 1)),
    "a convolution": ZeroConvolution,
}


def discriminator(gate, branch):
    torch.manual_seed(0)
    return TinyDiscriminator(norm=lambda channels: GATES[gate](branch))


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("branch", [nn.BatchNorm2d(8), DeviationOfTheBatch()], ids=["norm", "std"])
def test_batch_statistics_behind_a_gain_that_starts_at_zero_are_refused(gate, branch):
    network = discriminator(gate, branch)
    images = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    alone, beside = network(images), network(torch.cat([images[:1], 3 * images[1:]]))
    assert alone[0] == beside[0], "the gain hides the statistics"
    with pytest.raises(Unsupported, match=r"once its weights have moved.*instance norm"):
        check_discriminator(network, IMAGE, NO_BATCH)


class OnPurpose(nn.Module):
    mixes_images = True

    def forward(self, x):
        return x + x.std(0, correction=0).mean()


def test_a_layer_that_mixes_images_on_purpose_is_allowed_and_images_are_not_shown_together():
    """StyleGAN2 has R1 beside minibatch standard deviation."""
    torch.manual_seed(0)
    network = TinyDiscriminator(norm=lambda channels: OnPurpose())
    assert not check_discriminator(network, IMAGE, NO_BATCH).independent_scores
    assert check_discriminator(network, IMAGE, Demands()) == (Demands(), False)


@pytest.mark.parametrize("gain", [1.0, 0.0])
def test_beside_such_a_layer_other_batch_statistics_are_still_refused(gain):
    torch.manual_seed(0)
    both = nn.Sequential(OnPurpose(), Gated(nn.BatchNorm2d(8), torch.tensor(gain)))
    with pytest.raises(Unsupported, match="depends on the others"):
        check_discriminator(TinyDiscriminator(norm=lambda channels: both), IMAGE, NO_BATCH)


@pytest.mark.parametrize("gate", GATES)
def test_norms_within_an_image_are_allowed_behind_such_a_gain(gate):
    checked = check_discriminator(discriminator(gate, nn.GroupNorm(1, 8)), IMAGE, NO_BATCH)
    assert checked.independent_scores


@pytest.mark.parametrize("gate", GATES)
def test_images_are_not_shown_together_where_such_a_gain_hides_their_dependence(gate):
    network = discriminator(gate, DeviationOfTheBatch())
    assert not check_discriminator(network, IMAGE, Demands()).independent_scores


def test_batch_statistics_are_refused_however_small_the_scores_are():
    class Small(nn.Module):
        def forward(self, images):
            return 1e-6 * (images.mean((1, 2, 3)) + images.std(0).mean())

    with pytest.raises(Unsupported, match="depends on the others"):
        check_discriminator(Small(), IMAGE, NO_BATCH)


class LogarithmicGain(nn.Module):
    """Scores by batch norm, and a positive gain that a perturbation makes negative: NaN."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(1)
        self.gain = nn.Parameter(torch.full((8,), 1 / 32))

    def forward(self, x):
        return self.norm(x).square().mean((1, 2, 3)) + self.gain.log().sum()


def test_perturbed_weights_that_give_no_finite_scores_are_tried_as_they_are():
    with pytest.raises(Unsupported, match="depends on the others in its batch"):
        check_discriminator(LogarithmicGain(), IMAGE, NO_BATCH)


def test_the_trial_moves_no_bit_of_weights_buffers_and_random_state():
    network = discriminator("a scalar", nn.BatchNorm2d(8))
    network.score.requires_grad_(False)
    before, tensors = deepcopy(network.state_dict()), list(network.parameters())
    state = torch.get_rng_state()
    check_discriminator(network, IMAGE, Demands())
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert all(a is b for a, b in zip(network.parameters(), tensors, strict=True))
    assert [p.requires_grad for p in network.score.parameters()] == [False, False]
    assert network.training
    assert all(parameter.grad is None for parameter in tensors)


@pytest.mark.parametrize("value", [1 / 3, 0.01, 0.0])
def test_perturbing_moves_a_constant_by_a_twentieth(value):
    network = nn.Linear(8, 1, bias=False)
    nn.init.constant_(network.weight, value)
    moved = perturb(deepcopy(network)).weight - network.weight
    torch.testing.assert_close(moved.abs(), torch.full_like(moved, 0.05))


def test_perturbing_moves_every_trained_parameter_and_no_frozen_one():
    network = discriminator("a number for each channel", nn.BatchNorm2d(8))
    network.body[0].requires_grad_(False)
    moved = perturb(deepcopy(network))
    for name, parameter in network.named_parameters():
        change = (dict(moved.named_parameters())[name] - parameter).abs()
        assert change.max() == 0 if name.startswith("body.0") else change.min() > 0, name
    gain = moved.body[1].gain
    torch.testing.assert_close(gain.abs(), torch.full_like(gain, 0.05))


class LearnedMargin(LogisticLoss):
    def __init__(self):
        super().__init__()
        self.margin = nn.Parameter(torch.ones(()))


def test_a_parameter_of_a_loss_or_penalty_that_nobody_trains_is_refused_with_its_name():
    with pytest.raises(PluginError, match=r"LearnedMargin has a parameter 'margin' that no opt"):
        check_parameters([LearnedMargin()], [])
    penalty = RealGradientPenalty()
    penalty.head = nn.Linear(2, 1)
    with pytest.raises(PluginError, match=r"RealGradientPenalty has a parameter 'head\.weight'"):
        check_parameters([LogisticLoss(), penalty], [])


def test_parameters_that_are_trained_or_frozen_or_none_are_fine():
    loss = LearnedMargin()
    check_parameters([loss], loss.parameters())
    check_parameters([loss.requires_grad_(False)], [])
    check_parameters([LogisticLoss(), None, torch.nn.functional.relu], [])


def test_a_trainer_refuses_both_before_training():
    with pytest.raises(PluginError, match="'margin' that no optimizer trains"):
        trainer(loss=LearnedMargin())
    with pytest.raises(Unsupported, match="once its weights have moved"):
        trainer(discriminator=discriminator("a scalar", nn.BatchNorm2d(8)))
    trainer(discriminator=discriminator("a scalar", nn.GroupNorm(1, 8))).train_step()
