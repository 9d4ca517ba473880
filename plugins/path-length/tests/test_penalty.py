"""Promises of path length regularization, against Jacobians, closed forms and differences."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_path_length.options import PathLengthOptions
from ganzoo_path_length.penalty import PathLength, path_lengths
from torch import nn

import ganzoo

LAYERS, STYLE, Z, SIDE, N = 3, 4, 5, 4, 6
DOUBLE = torch.float64


class TinyStyleGenerator(nn.Module):
    """A constant picture that each layer's style modulates; an embedding of the class joins z."""

    def __init__(self, classes=0, latent_dim=Z):
        super().__init__()
        self.embed = nn.Embedding(classes, latent_dim) if classes else None
        self.map = nn.Sequential(nn.Linear(latent_dim, 6), nn.Tanh(), nn.Linear(6, STYLE))
        self.constant = nn.Parameter(torch.randn(2, SIDE * SIDE))
        self.styles = nn.ModuleList(nn.Linear(STYLE, 2) for _ in range(LAYERS))
        self.mixes = nn.ModuleList(nn.Linear(SIDE * SIDE, SIDE * SIDE) for _ in range(LAYERS))

    def mapping(self, z, labels=None):
        if self.embed is not None:
            z = z + self.embed(labels)
        return self.map(z)[:, None].expand(-1, LAYERS, -1)

    def synthesis(self, w):
        x = self.constant.expand(len(w), -1, -1)
        for style, mix, own in zip(self.styles, self.mixes, w.unbind(1), strict=True):
            x = torch.tanh(mix(x * (1 + style(own))[..., None]))
        return x[:, :1].unflatten(2, (SIDE, SIDE))

    def forward(self, z, labels=None):
        return self.synthesis(self.mapping(z, labels))


class LinearStyleGenerator(nn.Module):
    """Images are a linear function of w, and w is z for each layer."""

    def __init__(self, layers=LAYERS):
        super().__init__()
        self.layers = layers
        self.weight = nn.Parameter(torch.randn(layers, Z, SIDE * SIDE))

    def mapping(self, z, labels=None):
        return z[:, None].repeat(1, self.layers, 1)

    def synthesis(self, w):
        return torch.einsum("nld,ldp->np", w, self.weight).view(-1, 1, SIDE, SIDE)

    def forward(self, z, labels=None):
        return self.synthesis(self.mapping(z, labels))


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return TinyStyleGenerator().double()


def z_of(n=N, seed=1):
    return torch.randn(n, Z, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


def noise_of(n=N, seed=2):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(n, 1, SIDE, SIDE, dtype=DOUBLE, generator=rng)


def fakes_of(generator, n=N):
    z = z_of(n)
    return ganzoo.Fakes(generator(z), None, z=z, generate=lambda z, labels: generator(z))


def value_of(penalty, generator, n=N):
    """The penalty with noise of a fixed seed; it uses neither the critic nor real images."""
    torch.manual_seed(3)
    return penalty.penalty(generator, None, fakes_of(generator, n), None)


def lengths_by_jacobians(generator, z, noise):
    """Appendix B, image by image: J_w from torch's own routine, and every number by hand."""
    lengths = []
    for own_z, y in zip(z, noise, strict=True):
        w = generator.mapping(own_z[None]).detach()
        jacobian = torch.autograd.functional.jacobian(generator.synthesis, w)
        squares = 0.0
        for layer in range(LAYERS):
            for k in range(STYLE):
                column = jacobian[0, :, :, :, 0, layer, k]
                squares += (column * y).sum().item() ** 2 / (SIDE * SIDE)
        lengths.append(math.sqrt(squares / LAYERS))
    return torch.tensor(lengths, dtype=DOUBLE)


def test_lengths_are_the_norms_of_noise_times_each_images_jacobian(generator):
    z, noise = z_of(), noise_of()
    lengths = path_lengths(generator, z, None, noise)
    torch.testing.assert_close(lengths, lengths_by_jacobians(generator, z, noise))


def test_the_penalty_is_the_mean_squared_distance_from_the_running_mean(generator):
    penalty = PathLength(PathLengthOptions(batch_shrink=1)).double()
    penalty.mean.fill_(0.3)
    torch.manual_seed(3)
    noise = torch.randn(N, 1, SIDE, SIDE, dtype=DOUBLE)
    lengths = lengths_by_jacobians(generator, z_of(), noise)
    expected = ((lengths - 0.3) ** 2).mean().item()
    assert value_of(penalty, generator).item() == pytest.approx(expected, rel=1e-6)
    assert penalty.mean.item() == pytest.approx(0.99 * 0.3 + 0.01 * lengths.mean().item())


def test_the_running_mean_starts_at_zero_and_approaches_the_mean_length(generator):
    penalty = PathLength(PathLengthOptions(batch_shrink=1, decay=0.5)).double()
    assert penalty.mean.item() == 0
    for _ in range(3):
        value_of(penalty, generator)
    torch.manual_seed(3)
    noise = torch.randn(N, 1, SIDE, SIDE, dtype=DOUBLE)
    mean = lengths_by_jacobians(generator, z_of(), noise).mean().item()
    assert penalty.mean.item() == pytest.approx(mean * (1 - 0.5**3), rel=1e-6)


def test_its_gradient_is_that_of_finite_differences_in_both_networks(generator):
    def value():
        penalty = PathLength().double()
        penalty.mean.fill_(0.1)
        return value_of(penalty, generator)

    value().backward()
    step = 1e-6
    for name, parameter in generator.named_parameters():
        direction = torch.randn(parameter.shape, dtype=DOUBLE)
        values = []
        for move in (step, -2 * step):
            with torch.no_grad():
                parameter.add_(direction, alpha=move)
            values.append(value().item())
        with torch.no_grad():
            parameter.add_(direction, alpha=step)
        analytic = 0.0 if parameter.grad is None else (parameter.grad * direction).sum().item()
        numeric = (values[0] - values[1]) / (2 * step)
        assert analytic == pytest.approx(numeric, rel=1e-4, abs=1e-9), name
    assert generator.map[0].weight.grad.any()
    assert generator.mixes[0].weight.grad.any()


def test_a_linear_generator_has_the_same_path_length_everywhere(generator):
    noise = noise_of(1).expand(N, -1, -1, -1)
    linear = LinearStyleGenerator().double()
    assert path_lengths(linear, z_of(), None, noise).std() < 1e-12
    assert path_lengths(generator, z_of(), None, noise).std() > 1e-4


@pytest.mark.parametrize("layers", [1, 4])
def test_squared_lengths_of_a_linear_generator_are_its_squared_weights_on_average(layers):
    """E[y y^T] = I: E||J^T y||^2 = ||J||_F^2, by layer and by pixel."""
    torch.manual_seed(0)
    linear = LinearStyleGenerator(layers).double()
    lengths = path_lengths(linear, z_of(20_000), None, noise_of(20_000))
    expected = linear.weight.square().sum() / layers / SIDE**2
    torch.testing.assert_close(lengths.square().mean(), expected, rtol=0.03, atol=0)


@pytest.mark.parametrize(("shrink", "rows"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (9, [0])])
def test_every_nth_image_is_used(generator, shrink, rows):
    seen = []
    mapping = generator.mapping
    generator.mapping = lambda z, labels=None: seen.append(z) or mapping(z, labels)
    penalty = PathLength(PathLengthOptions(batch_shrink=shrink)).double()
    value_of(penalty, generator, 5)
    torch.testing.assert_close(seen[-1], z_of(5)[rows])


def test_labels_reach_the_mapping():
    torch.manual_seed(0)
    conditional = TinyStyleGenerator(classes=3).double()
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    both = [path_lengths(conditional, z_of(), each, noise_of()) for each in (labels, 0 * labels)]
    assert torch.equal(both[0][[0, 3]], both[1][[0, 3]])
    assert (both[0] != both[1])[[1, 2, 4, 5]].all()


def test_it_demands_a_style_generator_and_is_lazy_by_default():
    penalty = PathLength()
    assert penalty.demands() == ganzoo.Demands(style_generator=True)
    assert (penalty.weight, penalty.interval, penalty.options.decay) == (2, 4, 0.01)


def trainer_of(penalty=None, *, classes=0, generator=None, **settings):
    torch.manual_seed(0)
    images = torch.randint(0, 256, (16, 1, SIDE, SIDE), dtype=torch.uint8)
    labelled = [(image, k % 3) for k, image in enumerate(images)]
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 8), nn.Tanh())
    return ganzoo.Trainer(
        generator=generator or TinyStyleGenerator(classes),
        discriminator=Scores(discriminator, classes),
        loss="bce",
        data=ganzoo.ImageStore.from_dataset(labelled),
        latent=Z,
        penalties={"path-length": penalty or PathLength()},
        conditional=bool(classes),
        batch_size=8,
        device="cpu",
        precision="fp32",
        **settings,
    )


class Scores(nn.Module):
    def __init__(self, body, classes):
        super().__init__()
        self.body = body
        self.score = nn.Linear(8, max(1, classes))

    def forward(self, images, labels=None):
        scores = self.score(self.body(images))
        return scores[:, 0] if labels is None else scores.gather(1, labels[:, None])[:, 0]


@pytest.mark.parametrize("classes", [0, 3])
def test_it_is_applied_at_every_fourth_step_on_labelled_images_with_or_without_classes(classes):
    trainer = trainer_of(classes=classes)
    applied = ["generator/path-length" in trainer.train_step() for _ in range(9)]
    assert applied == [step % 4 == 0 for step in range(9)]


def test_descending_it_makes_paths_equal_in_length():
    """Their spread over z and noise, relative to a mean that the running mean holds up.

    An orthogonal Jacobian leaves the spread of the noise: 0.36 for one layer of four styles.
    """
    torch.manual_seed(0)
    generator, penalty = TinyStyleGenerator().double(), PathLength().double()
    before = path_lengths(generator, z_of(200), None, noise_of(200)).detach()
    penalty.mean.fill_(before.mean())
    optimizer = torch.optim.Adam(generator.parameters(), lr=1e-2)
    for step in range(100):
        optimizer.zero_grad()
        z = z_of(32, seed=step)
        fake = ganzoo.Fakes(noise_of(32), None, z=z, generate=lambda z, labels: z)
        penalty.penalty(generator, None, fake, None).backward()
        optimizer.step()
    after = path_lengths(generator, z_of(200), None, noise_of(200)).detach()
    assert after.std() / after.mean() < 0.8 * before.std() / before.mean()
    assert after.mean() > 0.5 * before.mean()


def test_a_resumed_training_is_equal_to_the_bit():
    """10 steps are 5 steps and 5 more; the running mean is part of the state."""
    whole, first, second = trainer_of(), trainer_of(), trainer_of()
    whole.fit(10)
    first.fit(5)
    second.load_state_dict(first.state_dict())
    second.fit(10)
    expected = whole.generator_update.objective.penalties.state_dict()
    actual = second.generator_update.objective.penalties.state_dict()
    assert actual == expected
    assert [value > 0 for value in expected.values()] == [True]
    for name, value in whole.generator.state_dict().items():
        assert torch.equal(second.generator.state_dict()[name], value), name


@pytest.mark.parametrize("parts", [2, 4])
def test_micro_batches_of_a_multiple_are_the_whole_batch(parts):
    trainers = [
        trainer_of(
            PathLength(PathLengthOptions(interval=1)),
            optimizer="sgd",
            generator_lr=0.1,
            grad_accum_steps=count,
        )
        for count in (1, parts)
    ]
    for trainer in trainers:
        trainer.fit(3)
    whole, split = (list(trainer.generator.parameters()) for trainer in trainers)
    torch.testing.assert_close(split, whole, rtol=1e-4, atol=1e-6)
    assert not torch.equal(whole[0], trainer_of().generator.constant)


def test_dcgan_is_refused_before_a_run_is_made(tmp_path):
    with pytest.raises(ganzoo.Unsupported, match="`mapping` .z to w. and `synthesis`"):
        ganzoo.train(
            arch={"name": "dcgan", "base_channels": 2, "latent_dim": 4},
            loss="bce",
            penalty="path-length",
            data="emoji",
            size=16,
            steps=1,
            run_dir=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()


def test_a_generator_of_ones_own_is_refused_if_it_is_one_network():
    with pytest.raises(ganzoo.Unsupported, match="style-based architectures"):
        trainer_of(generator=nn.Sequential(nn.Linear(Z, SIDE**2), nn.Unflatten(1, (1, SIDE, SIDE))))
