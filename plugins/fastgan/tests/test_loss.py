"""Promises of FastGAN's loss and of its reconstruction penalty, against their formulas."""

from __future__ import annotations

import pytest
import torch
from ganzoo_fastgan.loss import FastGANLoss
from ganzoo_fastgan.options import ReconstructionOptions
from ganzoo_fastgan.penalty import Reconstruction

import ganzoo
from ganzoo import Batch

REAL = torch.tensor([[1.5, -2.0, 0.3], [0.1, 0.5, -0.7]])
FAKE = torch.tensor([[-1.5, 2.0, -0.3], [0.1, -0.5, 0.7]])


def scores(batch):
    return batch.images[:, :, 0, 0]


def batch(values):
    return Batch(values[..., None, None])


def test_each_score_has_a_margin_of_its_own_between_four_fifths_and_one():
    torch.manual_seed(0)
    terms = FastGANLoss().discriminator_loss(scores, batch(REAL), batch(FAKE))
    torch.manual_seed(0)
    real_margins, fake_margins = (0.8 + 0.2 * torch.rand(2, 3) for _ in range(2))
    real, fake = 0.0, 0.0
    for i in range(2):
        for j in range(3):
            real += max(0.0, (real_margins[i, j] - REAL[i, j]).item()) / 6
            fake += max(0.0, (fake_margins[i, j] + FAKE[i, j]).item()) / 6
    assert terms["real"].item() == pytest.approx(real, rel=1e-5)
    assert terms["fake"].item() == pytest.approx(fake, rel=1e-5)


def test_on_average_it_is_the_hinge_loss_with_a_margin_of_nine_tenths():
    zero = torch.zeros(200, 50)
    terms = FastGANLoss().discriminator_loss(scores, batch(zero), batch(zero))
    assert terms["real"].item() == pytest.approx(0.9, abs=0.002)
    assert terms["fake"].item() == pytest.approx(0.9, abs=0.002)


def test_scores_beyond_every_margin_cost_nothing():
    sure = torch.full((4, 3), 1.01)
    terms = FastGANLoss().discriminator_loss(scores, batch(sure), batch(-sure))
    assert sum(terms.values()) == 0


def test_the_generator_raises_all_scores_alike():
    terms = FastGANLoss().generator_loss(scores, batch(FAKE), batch(REAL))
    assert terms["adversarial"].item() == pytest.approx(-FAKE.mean().item(), rel=1e-6)


class Outputs:
    """A critic whose reconstruction differs by the images' values."""

    def outputs(self, batch):
        return {"reconstruction": batch.images}


@pytest.mark.parametrize(("norm", "power"), [("l1", 1), ("l2", 2)])
def test_the_penalty_is_the_mean_over_pixels_summed_over_decoders(norm, power):
    rng = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 1, 4, 4, generator=rng)
    expected = 0.0
    for decoder in range(3):
        pixels = images[:, decoder].flatten().tolist()
        expected += sum(abs(pixel) ** power for pixel in pixels) / len(pixels)
    penalty = Reconstruction(ReconstructionOptions(norm=norm))
    value = penalty.penalty(Outputs(), Batch(images), Batch(-9 * images))
    assert value.item() == pytest.approx(expected, rel=1e-5)


def test_an_architecture_without_decoders_is_refused(tmp_path):
    with pytest.raises(ganzoo.Unsupported, match=r"needs the output 'reconstruction'"):
        ganzoo.train(
            arch="dcgan",
            loss="fastgan",
            data="emoji",
            options={"arch.base_channels": 2},
            size=32,
            steps=1,
            batch_size=4,
            run_dir=tmp_path / "run",
        )
