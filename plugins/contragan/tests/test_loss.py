"""Promises of the conditional contrastive loss, against loops written from the formula."""

from __future__ import annotations

from math import exp, log

import pytest
import torch
from ganzoo_contragan.loss import Contrastive, contrastive_loss
from ganzoo_contragan.options import ContrastiveOptions
from torch.autograd import gradcheck

import ganzoo
from ganzoo import Batch, Demands, Output

D = 4
LABELS = torch.tensor([0, 2, 1, 0, 0, 2, 3])


class Critic:
    """An image holds its score, then its embedding, then the proxy of its class."""

    def __call__(self, batch):
        return self.outputs(batch)["scores"]

    def outputs(self, batch):
        rows = batch.images[:, 0, 0]
        embedding, proxy = rows[:, 1 : D + 1], rows[:, D + 1 :]
        return {"scores": rows[:, 0], "embedding": embedding, "proxy": proxy}


def batch(seed):
    rng = torch.Generator().manual_seed(seed)
    return Batch(2 * torch.randn(len(LABELS), 1, 1, 2 * D + 1, generator=rng).double(), LABELS)


def embeddings(seed=0):
    rows = batch(seed).images[:, 0, 0]
    return rows[:, 1 : D + 1], rows[:, D + 1 :]


def unit(vector):
    length = sum(x * x for x in vector) ** 0.5
    return [x / length for x in vector]


def by_loop(embedding, proxy, labels, t):
    """The formula of the paper, pair by pair, in Python's numbers."""
    e, p = ([unit(row) for row in rows.tolist()] for rows in (embedding, proxy))
    y, total = labels.tolist(), 0.0
    for i in range(len(y)):
        own = exp(sum(a * b for a, b in zip(e[i], p[i], strict=True)) / t)
        positives = everything = own
        for k in range(len(y)):
            if k == i:
                continue
            pair = exp(sum(a * b for a, b in zip(e[i], e[k], strict=True)) / t)
            everything += pair
            positives += pair if y[k] == y[i] else 0
        total -= log(positives / everything)
    return total / len(y)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0])
def test_it_is_the_papers_formula(temperature):
    embedding, proxy = embeddings()
    expected = by_loop(embedding, proxy, LABELS, temperature)
    value = contrastive_loss(embedding, proxy, LABELS, temperature)
    assert value.item() == pytest.approx(expected, rel=1e-9)


def test_its_gradient_equals_finite_differences():
    inputs = [rows.clone().requires_grad_() for rows in embeddings()]
    assert gradcheck(lambda e, p: contrastive_loss(e, p, LABELS, 0.7), inputs)


def test_only_directions_count():
    embedding, proxy = embeddings()
    value = contrastive_loss(3 * embedding, 0.1 * proxy, LABELS, 1.0)
    assert value.item() == pytest.approx(contrastive_loss(embedding, proxy, LABELS, 1.0).item())


def test_a_high_temperature_counts_the_images_of_each_class():
    """Every pair weighs the same: -log(own proxy and images of one's class / all)."""
    counts = [LABELS.tolist().count(label) for label in LABELS.tolist()]
    expected = -sum(log(count / len(LABELS)) for count in counts) / len(LABELS)
    value = contrastive_loss(*embeddings(), LABELS, 1e6)
    assert value.item() == pytest.approx(expected, rel=1e-5)


def test_a_low_temperature_counts_the_nearest_alone():
    """t times the loss is the most similar of all minus the most similar of one's class."""
    embedding, proxy = embeddings()
    e, p = (torch.nn.functional.normalize(rows) for rows in (embedding, proxy))
    expected = 0.0
    for i in range(len(LABELS)):
        others = [k for k in range(len(LABELS)) if k != i]
        similar = {k: (e[i] @ e[k]).item() for k in others} | {i: (e[i] @ p[i]).item()}
        positives = [s for k, s in similar.items() if LABELS[k] == LABELS[i]]
        expected += max(similar.values()) - max(positives)
    inputs = [rows.clone().requires_grad_() for rows in (embedding, proxy)]
    value = contrastive_loss(*inputs, LABELS, 1e-4)
    assert 1e-4 * value.item() == pytest.approx(expected / len(LABELS), abs=1e-3)
    value.backward()
    assert all(rows.grad.isfinite().all() for rows in inputs)


@pytest.mark.parametrize("labels", [LABELS[:1], torch.zeros(5, dtype=torch.int64)])
def test_it_is_zero_without_images_of_another_class(labels):
    """So one image at a time gives nothing to contrast."""
    n = len(labels)
    inputs = [rows[:n].clone().requires_grad_() for rows in embeddings()]
    value = contrastive_loss(*inputs, labels, 1.0)
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-12)
    assert inputs[0].grad.abs().max() < 1e-12


def test_a_step_down_moves_images_to_their_class():
    embedding, proxy = (rows.clone().requires_grad_() for rows in embeddings())
    for _ in range(200):
        gradients = torch.autograd.grad(
            contrastive_loss(embedding, proxy, LABELS, 0.5), (embedding, proxy)
        )
        with torch.no_grad():
            for rows, gradient in zip((embedding, proxy), gradients, strict=True):
                rows -= gradient
    e = torch.nn.functional.normalize(embedding.detach())
    same = LABELS[:, None] == LABELS
    assert (e @ e.T)[same].min() > (e @ e.T)[~same].max()


def test_the_discriminator_sees_reals_and_the_generator_fakes():
    real, fake = batch(0), batch(1)
    on_real, on_fake = (by_loop(*embeddings(seed), LABELS, 1.0) for seed in (0, 1))
    terms = Contrastive().discriminator_loss(Critic(), real, fake)
    assert terms["contrastive"].item() == pytest.approx(on_real)
    terms = Contrastive().generator_loss(Critic(), fake, real)
    assert terms["contrastive"].item() == pytest.approx(on_fake)


def test_the_adversarial_terms_are_the_hinge_loss():
    real, fake = batch(0), batch(1)
    scores, others = (b.images[:, 0, 0, 0].tolist() for b in (real, fake))
    terms = Contrastive().discriminator_loss(Critic(), real, fake)
    assert terms["real"].item() == pytest.approx(sum(max(0, 1 - s) for s in scores) / 7)
    assert terms["fake"].item() == pytest.approx(sum(max(0, 1 + s) for s in others) / 7)
    terms = Contrastive().generator_loss(Critic(), fake, real)
    assert terms["adversarial"].item() == pytest.approx(-sum(others) / 7)


def test_options_are_weight_temperature_and_length():
    options = ContrastiveOptions(weight=0.25, temperature=0.2, embedding_dim=16)
    loss = Contrastive(options)
    terms = loss.generator_loss(Critic(), batch(1), batch(0))
    expected = 0.25 * by_loop(*embeddings(1), LABELS, 0.2)
    assert terms["contrastive"].item() == pytest.approx(expected)
    outputs = {"embedding": Output(16), "proxy": Output(16, of="label")}
    assert loss.demands() == Demands(labels=True, outputs=outputs)
    for wrong in ({"temperature": 0}, {"weight": -1}, {"embedding_dim": 0}):
        with pytest.raises(ganzoo.UsageError, match=next(iter(wrong))):
            ganzoo.create("loss", "contragan", **wrong)


def test_one_image_alone_is_refused_as_it_is_compared_with_none():
    one, loss = Batch(batch(0).images[:1], LABELS[:1]), Contrastive()
    for method in (loss.discriminator_loss, loss.generator_loss):
        with pytest.raises(ganzoo.UsageError, match="one alone: give a larger batch_size, or a"):
            method(Critic(), one, one)

    # With weight 0 nothing is compared.
    Contrastive(ContrastiveOptions(weight=0)).generator_loss(Critic(), one, one)


# --- With networks


class Bound:
    """A discriminator as a critic."""

    def __init__(self, discriminator):
        self.discriminator = discriminator

    def __call__(self, batch):
        return self.outputs(batch)["scores"]

    def outputs(self, batch):
        return self.discriminator(batch.images, batch.labels)


@pytest.fixture(params=["vanilla", "dcgan"])
def networks(request):
    torch.manual_seed(0)
    sizes = {"vanilla": {"width": 16, "depth": 1}, "dcgan": {"base_channels": 4}}
    made = ganzoo.create("architecture", request.param, **sizes[request.param])
    image = ganzoo.ImageSpec(1, 16, 16, num_classes=4)
    networks = made.build(image, Contrastive().demands())
    z = made.latent.sample(len(LABELS), generator=torch.Generator().manual_seed(1))
    return *networks, Batch(torch.rand(len(LABELS), 1, 16, 16) * 2 - 1, LABELS), z


def test_the_discriminators_gradient_reaches_embedding_and_proxies_and_no_generator(networks):
    generator, discriminator, real, z = networks
    fake = Batch(generator(z, LABELS).detach(), LABELS)
    terms = Contrastive().discriminator_loss(Bound(discriminator), real, fake)
    terms["contrastive"].backward()
    moved = {n for n, p in discriminator.named_parameters() if p.grad is not None and p.grad.any()}
    assert any("of_image" in name for name in moved)
    assert any("of_label" in name for name in moved)
    assert any("body" in name for name in moved)
    assert not any("score" in name for name in moved)
    assert all(p.grad is None for p in generator.parameters())


def test_the_generators_gradient_reaches_the_generator_alone(networks):
    generator, discriminator, real, z = networks
    discriminator.requires_grad_(False)
    fake = Batch(generator(z, LABELS), LABELS)
    terms = Contrastive().generator_loss(Bound(discriminator), fake, real)
    terms["contrastive"].backward()
    assert all(p.grad is not None for p in generator.parameters())
    assert all(p.grad is None for p in discriminator.parameters())


def test_the_score_uses_no_label(networks):
    _, discriminator, real, _ = networks
    others = Batch(real.images, (LABELS + 1) % 4)
    discriminator.eval()
    with torch.no_grad():
        first, second = (Bound(discriminator).outputs(b) for b in (real, others))
    torch.testing.assert_close(first["scores"], second["scores"])
    torch.testing.assert_close(first["embedding"], second["embedding"])
    assert not torch.allclose(first["proxy"], second["proxy"])
