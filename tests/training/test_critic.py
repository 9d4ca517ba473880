"""Promises of the critic and of the checks on what a loss demands."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from toys import TinyDiscriminator

from ganzoo import Batch, Demands, ImageSpec, Output, PluginError, Unsupported
from ganzoo.assembly.demands import check_discriminator
from ganzoo.config import ExecutionConfig
from ganzoo.execution.execution import Execution
from ganzoo.training.critic import BoundCritic, RecordingCritic

EXECUTION = Execution(ExecutionConfig(device="cpu", precision="fp32"), [], 1)
IMAGE = ImageSpec(1, 8, 8, num_classes=3)
NO_BATCH = Demands(forbids_batch_statistics=True)


class Returns(nn.Module):
    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, images):
        return self.output(images)


def critic(network: nn.Module, *, takes_patches: bool = False) -> BoundCritic:
    return BoundCritic(network, EXECUTION, conditional=False, takes_patches=takes_patches)


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 1, 1, 1)])
def test_one_score_an_image_in_any_shape_comes_out_flat(shape):
    scores = critic(Returns(lambda x: torch.arange(5.0).view(shape)))(
        Batch(torch.zeros(5, 1, 8, 8))
    )
    assert torch.equal(scores, torch.arange(5.0))


def test_several_scores_an_image_are_for_losses_that_take_them():
    network = Returns(lambda x: x.repeat(1, 2, 1, 1)[:, :, :2, :2])
    with pytest.raises(Unsupported, match=r"8 scores an image.*the loss takes one"):
        check_discriminator(network, IMAGE, Demands())
    check_discriminator(network, IMAGE, Demands(), takes_patches=True)
    images = torch.randn(5, 1, 8, 8)
    assert torch.equal(
        critic(network, takes_patches=True)(Batch(images)), network(images).flatten(1)
    )
    assert torch.equal(critic(network)(Batch(images)), network(images).flatten(1).mean(1))


def test_a_penalty_that_reuses_patches_gets_one_score_of_any_batch():
    """Of the recorded ones, and of images of its own (consistency)."""
    network = Returns(lambda x: x[:, :, :2, :2])
    real, fake, other = (Batch(torch.randn(5, 1, 8, 8)) for _ in range(3))
    recording = RecordingCritic(critic(network, takes_patches=True), real, fake)
    assert recording(real).shape == recording(other).shape == (5, 4)
    for batch in (real, fake, other):
        expected = network(batch.images).flatten(1).mean(1)
        assert torch.equal(recording.inside_penalty()(batch), expected)


@pytest.mark.parametrize("scores", [torch.zeros(()), torch.zeros(3), torch.zeros(5, 0)])
def test_scores_that_are_no_row_an_image_are_refused(scores):
    with pytest.raises(Unsupported, match="for 5 images"):
        critic(Returns(lambda x: scores))(Batch(torch.zeros(5, 1, 8, 8)))


@pytest.mark.parametrize("returned", [None, (torch.zeros(5),), {"score": torch.zeros(5)}])
def test_what_is_neither_scores_nor_a_dict_with_them_is_refused(returned):
    with pytest.raises(PluginError, match="must return the scores"):
        critic(Returns(lambda x: returned))(Batch(torch.zeros(5, 1, 8, 8)))


def test_other_outputs_are_passed_on_in_float32():
    network = Returns(lambda x: {"scores": x.mean((1, 2, 3)), "class_logits": x.flatten(1).half()})
    outputs = critic(network).outputs(Batch(torch.zeros(2, 1, 8, 8)))
    assert outputs["class_logits"].dtype == torch.float32


def test_batch_norm_is_refused_where_batch_statistics_are_forbidden():
    """StudioGAN and torchgan train critics with batch norm under a gradient penalty."""
    with pytest.raises(Unsupported, match="depends on the others in its batch"):
        check_discriminator(TinyDiscriminator(norm=nn.BatchNorm2d), IMAGE, NO_BATCH)


def test_batch_norm_is_fine_where_nothing_forbids_it():
    check_discriminator(TinyDiscriminator(norm=nn.BatchNorm2d), IMAGE, Demands())


def test_statistics_over_the_batch_are_noticed_whatever_they_are_called():
    network = Returns(lambda x: x.mean((1, 2, 3)) + x.std(0).mean())
    with pytest.raises(Unsupported, match="depends on the others"):
        check_discriminator(network, IMAGE, NO_BATCH)


@pytest.mark.parametrize("norm", [nn.InstanceNorm2d, lambda c: nn.GroupNorm(1, c), nn.Identity])
def test_norms_within_an_image_are_allowed(norm):
    check_discriminator(TinyDiscriminator(norm=norm), IMAGE, NO_BATCH)


def test_dropout_is_not_taken_for_batch_statistics():
    network = nn.Sequential(TinyDiscriminator(norm=lambda c: nn.Dropout(0.5)))
    check_discriminator(network, IMAGE, NO_BATCH)


def test_the_check_leaves_weights_buffers_and_random_state_alone():
    network = TinyDiscriminator(norm=nn.BatchNorm2d)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    state = torch.get_rng_state()
    check_discriminator(network, IMAGE, Demands())
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())


def test_missing_class_logits_are_refused():
    with pytest.raises(Unsupported, match=r"class_logits.*\(N, 3\)"):
        check_discriminator(
            TinyDiscriminator(), IMAGE, Demands(outputs={"class_logits": Output("classes")})
        )


def test_class_logits_of_the_wrong_number_are_refused():
    network = Returns(lambda x: {"scores": x.mean((1, 2, 3)), "class_logits": x.flatten(1)[:, :2]})
    with pytest.raises(Unsupported, match=r"class_logits.*\(4, 2\)"):
        check_discriminator(network, IMAGE, Demands(outputs={"class_logits": Output("classes")}))


@pytest.mark.parametrize(
    ("norm", "alone"),
    [
        (nn.Identity, True),
        (lambda c: nn.GroupNorm(1, c), True),
        (lambda c: nn.Dropout(0.5), True),
        (nn.BatchNorm2d, False),
        (lambda c: spectral_norm(nn.Conv2d(c, c, 1)), False),  # takes a step at each pass
    ],
)
def test_it_tells_whether_images_can_be_shown_together(norm, alone):
    network = TinyDiscriminator(norm=norm)
    assert check_discriminator(network, IMAGE, Demands()).independent_scores == alone
    network.eval()  # which it will not be while it is trained
    assert check_discriminator(network, IMAGE, Demands()).independent_scores == alone


def test_outputs_that_are_not_each_images_own_are_not_shown_together():
    network = Returns(lambda x: {"scores": x.mean((1, 2, 3)), "spread": x.detach().std()})
    assert not check_discriminator(network, IMAGE, Demands()).independent_scores


def test_a_trial_of_images_of_their_own_takes_two_batches_of_four():
    """Each of 1024 pixels takes a CPU seconds."""
    shown = []
    network = Returns(lambda x: shown.append(len(x)) or x.mean((1, 2, 3)))
    assert check_discriminator(network, IMAGE, NO_BATCH).independent_scores
    assert shown == [4, 4]


def test_a_dependence_on_neighbours_that_fresh_weights_hardly_let_through_is_noticed():
    network = Returns(lambda x: 1e-3 * (x.mean((1, 2, 3)) + 1e-3 * x.std(0).mean()))
    assert not check_discriminator(network, IMAGE, Demands()).independent_scores
    fair = Returns(lambda x: 1e-3 * x.mean((1, 2, 3)))
    assert check_discriminator(fair, IMAGE, Demands()).independent_scores
