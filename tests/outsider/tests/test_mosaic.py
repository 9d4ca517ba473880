"""Promises of the mosaic loss, and of discriminators that score patches."""

from __future__ import annotations

import pytest
import torch
from nocturne_gan.architecture import Nocturne
from nocturne_gan.mosaic import Mosaic
from nocturne_gan.options import NocturneOptions

import ganzoo

SMALL = {"latent_dim": 4, "width": 8, "blocks": 1, "patches": True}


def test_it_is_the_mean_over_images_and_patches():
    scores = {"real": torch.tensor([[1.0, 3.0], [0.0, 1.0]]), "fake": torch.tensor([[2.0, 0.0]])}
    real, fake = (ganzoo.Batch(torch.zeros(len(s), 1, 1, 1)) for s in scores.values())

    def critic(batch: ganzoo.Batch) -> torch.Tensor:
        return scores["real" if batch is real else "fake"]

    terms = Mosaic().discriminator_loss(critic, real, fake)
    assert terms["real"].item() == pytest.approx((0 + 4 + 1 + 0) / 4)
    assert terms["fake"].item() == pytest.approx(4 / 2)
    assert Mosaic().generator_loss(critic, fake, real)["adversarial"].item() == pytest.approx(1)


@pytest.mark.parametrize("labels", [None, torch.tensor([0, 2])])
def test_the_score_of_an_image_is_the_mean_of_its_patches(labels):
    """The score layer is linear in the features, which are pooled by their mean."""
    demands = ganzoo.Demands(labels=labels is not None)
    image = ganzoo.ImageSpec(3, 32, 32, num_classes=3)
    patched, pooled = (
        Nocturne(NocturneOptions(**SMALL | {"patches": patches})).build(image, demands)[1]
        for patches in (True, False)
    )
    pooled.load_state_dict(patched.state_dict())
    arguments = (torch.randn(2, 3, 32, 32), *([] if labels is None else [labels]))
    assert patched(*arguments).shape == (2, 16)
    torch.testing.assert_close(patched(*arguments).mean(1), pooled(*arguments))


@pytest.mark.parametrize("penalty", [None, "tide"])
def test_patches_are_trained_by_a_loss_that_takes_them(tmp_path, monkeypatch, penalty):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    run = ganzoo.train(
        arch={"name": "nocturne", **SMALL},
        loss="mosaic",
        data={"name": "night-sky", "count": 40, "size": 16},
        penalty=penalty,
        steps=2,
        batch_size=4,
        sample_count=4,
        device="cpu",
        run_dir=tmp_path / "run",
    )
    assert run.sample(2).shape == (2, 3, 16, 16)


def test_other_losses_are_refused_before_training():
    with pytest.raises(ganzoo.Unsupported, match="scores an image") as refused:
        ganzoo.train(
            arch={"name": "nocturne", **SMALL},
            loss="twilight",
            data={"name": "night-sky", "count": 40, "size": 16},
        )
    assert "nocturne" in str(refused.value)
    assert "twilight" in str(refused.value)
