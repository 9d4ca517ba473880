"""Promises of training with spectral normalization: average, checkpoints, samples, export."""

from __future__ import annotations

import pytest
import torch
from ganzoo_spectral_norm.constraint import SpectralNorm
from ganzoo_spectral_norm.options import SpectralNormOptions
from safetensors.torch import load_file
from torch import nn

import ganzoo
from ganzoo.assembly.demands import combined_demands
from ganzoo.config import Layer
from ganzoo.run.plan import compose

BOTH = {"spectral-norm": {"networks": "both"}}

SMALL = {
    "dcgan": {"name": "dcgan", "base_channels": 2, "latent_dim": 16},
    "vanilla": {"name": "vanilla", "width": 8, "latent_dim": 16},
}


def trainer(**settings):
    torch.manual_seed(0)
    images = [torch.randint(0, 256, (1, 8, 8), dtype=torch.uint8) for _ in range(16)]
    defaults = {
        "generator": nn.Sequential(
            nn.Linear(4, 64),
            nn.Unflatten(1, (16, 2, 2)),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, stride=4),
            nn.Tanh(),
        ),
        "discriminator": nn.Sequential(
            nn.Conv2d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128, 1)
        ),
        "loss": "hinge",
        "data": ganzoo.ImageStore.from_dataset(images),
        "latent": 4,
        "batch_size": 4,
        "constraints": {"spectral-norm": SpectralNorm(SpectralNormOptions(networks="both"))},
        "generator_lr": 0.02,
        "discriminator_lr": 0.02,
        "device": "cpu",
        "precision": "fp32",
    }
    return ganzoo.Trainer(**(defaults | settings))


def singular_vectors(network):
    return {n: b for n, b in network.named_buffers() if n.endswith(("._u", "._v"))}


def norms(generator):
    """The largest singular value of each weight, with a row for each output channel."""
    matrices = [
        p.detach().transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else p.detach()
        for layer in generator.modules()
        if isinstance(layer, (nn.Linear, nn.ConvTranspose2d))
        for p in [layer.weight]
    ]
    return [torch.linalg.svdvals(m.flatten(1).double())[0].item() for m in matrices]


# --- The average


def test_where_nothing_is_averaged_the_average_generates_what_the_generator_does():
    made = trainer(ema_decay=0.0)
    made.fit(5)
    z = torch.randn(6, 4)
    with torch.no_grad():
        assert torch.equal(made.ema.module(z), made.generator.eval()(z))


def test_the_average_has_the_generators_singular_vectors_of_length_1():
    """An average of vectors of length 1 is shorter, which divides weights by too little."""
    made = trainer(ema_decay=0.9)
    made.fit(5)
    vectors = singular_vectors(made.generator)
    assert len(vectors) == 4
    torch.testing.assert_close(singular_vectors(made.ema.module), vectors, rtol=0, atol=0)
    for vector in vectors.values():
        assert vector.norm().item() == pytest.approx(1, abs=1e-5)


def test_the_settled_average_has_norms_of_exactly_1_and_training_does_not_notice():
    """The averaged weights have other singular vectors than the generator's."""
    settles = [lambda generator, draw: SpectralNorm().settle(generator)]
    made, plain = trainer(ema_decay=0.9, settles=settles), trainer(ema_decay=0.9)
    for each in (made, plain):
        each.fit(5)
    assert max(abs(norm - 1) for norm in norms(made.ema.module)) > 1e-3
    rest = made.sampler.at_rest(made.ema.module)
    assert norms(rest) == pytest.approx([1, 1], abs=2e-6)
    before = made.sample(3)
    for each in (made, plain):
        each.fit(8)
        state = each.state_dict()
    torch.testing.assert_close(
        {k: made.state_dict()[k] for k in ("generator", "discriminator", "ema")},
        {k: state[k] for k in ("generator", "discriminator", "ema")},
        rtol=0,
        atol=0,
    )
    assert not torch.equal(made.sample(3), before)


# --- Training


def test_micro_batches_give_the_gradient_of_the_batch():
    """Each pass makes a power iteration; where they have converged, nothing else differs."""
    states = []
    for parts in (1, 2):
        torch.manual_seed(0)
        iterations = SpectralNormOptions(networks="both", n_power_iterations=200)
        made = trainer(
            constraints={"spectral-norm": SpectralNorm(iterations)},
            generator=nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))),
            grad_accum_steps=parts,
            optimizer="sgd",
        )
        made.fit(3)
        states.append([*made.generator.parameters(), *made.discriminator.parameters()])
    torch.testing.assert_close(states[1], states[0], rtol=1e-4, atol=1e-6)


def test_half_precision_trains_with_norms_in_float32():
    made = trainer(precision="bf16")
    terms = made.train_step()
    assert all(term.isfinite() for term in terms.values())
    for vector in singular_vectors(made.discriminator).values():
        assert vector.dtype == torch.float32
        assert vector.norm().item() == pytest.approx(1, abs=1e-5)


def fits(loss):
    """Whether these architectures can compute what it and its penalties demand."""
    made = ganzoo.create("loss", loss)
    penalties = [ganzoo.create("penalty", name) for name in made.default_penalties()]
    outputs = combined_demands(made, penalties).outputs.values()
    return all(output.size != "own" for output in outputs)


@pytest.mark.parametrize("loss", [name for name in ganzoo.names("loss") if fits(name)])
@pytest.mark.parametrize("arch", SMALL)
def test_every_loss_trains_every_normalized_architecture(arch, loss):
    tree = {
        "arch": SMALL[arch],
        "loss": loss,
        "data": "emoji",
        "constraint": BOTH,
        "image": {"size": 16, "channels": 1},
        "training": {"batch_size": 4, "conditional": True},
        "execution": {"device": "cpu"},
    }
    plan = compose([Layer("test", tree)])
    made = plan.trainer(plan.open_images())
    raw = [p for n in (made.generator, made.discriminator) for p in n.parameters()]
    before = [p.clone() for p in raw]
    for _ in range(3):
        terms = made.train_step()
    assert all(value.isfinite() for value in terms.values()), terms
    assert all(p.isfinite().all() for p in raw)
    still = [p for p, was in zip(raw, before, strict=True) if torch.equal(p, was)]
    assert sum(p.numel() for p in still) <= 1  # a loss of differences leaves the offset alone


# --- Runs


def train(folder, arch, **settings):
    return ganzoo.train(
        arch=SMALL[arch],
        loss="hinge",
        data="emoji",
        constraint=BOTH,
        size=16,
        batch_size=4,
        sample_count=4,
        device="cpu",
        run_dir=folder,
        conditional=True,
        **settings,
    )


@pytest.mark.parametrize("arch", SMALL)
def test_a_resumed_run_is_equal_to_the_bit(tmp_path, arch):
    whole = train(tmp_path / "whole", arch, steps=4)
    train(tmp_path / "half", arch, steps=2)
    half = ganzoo.resume(tmp_path / "half", steps=4)
    for file in sorted(whole.checkpoint.glob("*.safetensors")):
        assert load_file(file).keys(), file
        other = load_file(half.checkpoint / file.name)
        torch.testing.assert_close(other, load_file(file), rtol=0, atol=0)
    assert torch.equal(half.sample(3), whole.sample(3))


@pytest.mark.parametrize("arch", SMALL)
def test_an_exported_generator_loads_into_the_plain_architecture(tmp_path, arch):
    run = train(tmp_path / "run", arch, steps=2)
    folder = ganzoo.export(run, "safetensors")
    built = run.architecture.build(run.manifest.image, run.manifest.demands).generator.eval()
    built.load_state_dict(load_file(folder / "generator.safetensors"))
    z, labels = torch.randn(3, 16), torch.tensor([0, 1, 2])
    with torch.no_grad():
        assert torch.equal(built(z, labels), run.generator(z, labels))
        torch.testing.assert_close(built(z, labels).cpu(), run.decode(z, labels))
    assert norms(built) == pytest.approx([1] * len(norms(built)), abs=2e-6)
