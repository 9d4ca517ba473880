"""Promises of the semi-supervised loss, against probabilities in plain Python."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_semi_supervised.loss import SemiSupervised, keeps_label
from ganzoo_semi_supervised.options import SemiSupervisedOptions

import ganzoo
from ganzoo import Batch, Demands, Output

LABELS = torch.tensor([0, 2, 1, 2])


class Critic:
    """Scores are the first pixel, class logits the three after it."""

    def __call__(self, batch):
        return self.outputs(batch)["scores"]

    def outputs(self, batch):
        rows = batch.images[:, 0, 0]
        return {"scores": rows[:, 0], "class_logits": rows[:, 1:]}


def batch(seed, labels=LABELS):
    rng = torch.Generator().manual_seed(seed)
    return Batch(2 * torch.randn(4, 1, 1, 4, generator=rng), labels)


def probabilities(b):
    """Of the K classes and the class of fakes: the softmax of class logits and -score."""
    for score, *logits in b.images[:, 0, 0].double().tolist():
        powers = [math.exp(x) for x in (*logits, -score)]
        yield [p / sum(powers) for p in powers]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def test_the_terms_are_those_of_k_plus_1_classes():
    real, fake = batch(0), batch(1)
    terms = SemiSupervised().discriminator_loss(Critic(), real, fake)
    on_real, on_fake = list(probabilities(real)), list(probabilities(fake))
    assert terms["real"].item() == pytest.approx(
        mean(-math.log(1 - p[3]) for p in on_real), rel=1e-5
    )
    assert terms["fake"].item() == pytest.approx(mean(-math.log(p[3]) for p in on_fake), rel=1e-5)
    given_real = mean(
        -math.log(p[y] / (1 - p[3])) for p, y in zip(on_real, LABELS.tolist(), strict=True)
    )
    assert terms["class_real"].item() == pytest.approx(given_real, rel=1e-5)
    terms = SemiSupervised().generator_loss(Critic(), fake, real)
    assert terms["adversarial"].item() == pytest.approx(
        mean(-math.log(1 - p[3]) for p in on_fake), rel=1e-5
    )


def test_a_real_image_of_known_class_costs_minus_log_of_its_probability():
    """Together real and class_real are the cross entropy of K + 1 classes."""
    real = batch(0)
    terms = SemiSupervised().discriminator_loss(Critic(), real, batch(1))
    expected = mean(
        -math.log(p[y]) for p, y in zip(probabilities(real), LABELS.tolist(), strict=True)
    )
    assert (terms["real"] + terms["class_real"]).item() == pytest.approx(expected, rel=1e-5)


# --- Few labels


def pictures(n):
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (n, 3, 8, 8), generator=rng).to(torch.uint8)
    return ganzoo.from_uint8(pixels)


@pytest.mark.parametrize("share", [0.02, 0.08, 0.5])
def test_the_share_of_labelled_images_is_about_the_one_asked_for(share):
    kept = keeps_label(pictures(20_000), share).double().mean().item()
    assert kept == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 20_000))


def test_an_image_keeps_its_label_mirrored_and_in_any_batch():
    images = pictures(200)
    kept = keeps_label(images, 0.3)
    assert kept.any()
    assert torch.equal(keeps_label(images.flip(3), 0.3), kept)
    assert torch.equal(torch.cat([keeps_label(i[None], 0.3) for i in images]), kept)
    assert not (keeps_label(images, 0.1) & ~kept).any()  # more labels keep the first ones
    assert keeps_label(images, 1.0).all()


def test_other_labels_do_not_count():
    """And those that do are weighted up to the mean over labelled images."""
    options = SemiSupervisedOptions(labelled=0.4)
    images = pictures(400)[:, :1, :1, :4]
    labels = torch.arange(400) % 3
    kept = keeps_label(images, 0.4)

    def term(labels):
        real = Batch(images, labels)
        return SemiSupervised(options).discriminator_loss(Critic(), real, real)["class_real"]

    wrong = torch.where(kept, labels, (labels + 1) % 3)
    assert term(labels) == term(wrong)
    assert term(labels) != term((labels + 1) % 3)
    all_kept = SemiSupervised().discriminator_loss(
        Critic(), Batch(images[kept], labels[kept]), Batch(images, labels)
    )
    expected = all_kept["class_real"] * kept.double().mean() / 0.4
    assert term(labels).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_networks_are_unconditional():
    assert SemiSupervised().demands() == Demands(outputs={"class_logits": Output("classes")})
    with pytest.raises(ganzoo.UsageError, match="labelled"):
        ganzoo.create("loss", "semi-supervised", labelled=0)


@pytest.mark.slow
def test_a_tenth_of_the_labels_trains_a_classifier(tmp_path, monkeypatch):
    """After 150 steps it knows half of the images whose label it has not seen; chance is 10 %."""
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    run = ganzoo.train(
        arch={"name": "dcgan", "base_channels": 8, "latent_dim": 16},
        loss={"name": "semi-supervised", "labelled": 0.1},
        data="fashion-mnist",
        size=16,
        batch_size=32,
        steps=150,
        sample_count=4,
        device="cpu",
        run_dir=tmp_path / "run",
    )
    store = ganzoo.ImageStore.from_dataset(
        ganzoo.create("dataset", "fashion-mnist").open(), size=(16, 16)
    )
    batch = store.batch(torch.arange(600))
    unseen = ~keeps_label(batch.images, 0.1)
    logits = run.discriminator(batch.images[unseen])["class_logits"]
    assert (logits.argmax(1) == batch.labels[unseen]).double().mean() > 0.5
