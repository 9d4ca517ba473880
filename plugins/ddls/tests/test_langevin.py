"""Promises of the Langevin dynamics, against distributions that are known, and of the command."""

from __future__ import annotations

import pytest
import torch
from click.testing import CliRunner
from ganzoo_ddls.command import ddls
from ganzoo_ddls.langevin import DDLS, folded, langevin, prior_energy, refined

import ganzoo

DIM = 3


def chain(energy, start, *, steps=400, step_size=0.2):
    rng = torch.Generator().manual_seed(0)
    z = start.sample(4000, generator=rng).double()
    return langevin(z, energy, steps, step_size, noise_of(rng, z))


def noise_of(rng, z):
    return lambda: torch.randn(z.shape, generator=rng, dtype=z.dtype)


def test_one_step_is_the_papers_formula():
    rng = torch.Generator().manual_seed(1)
    z = torch.randn(5, DIM, generator=rng, dtype=torch.double)
    noise = torch.randn(5, DIM, generator=torch.Generator().manual_seed(2), dtype=torch.double)
    again = noise_of(torch.Generator().manual_seed(2), z)
    moved = langevin(z, lambda z: z.pow(4).sum(1), 1, 0.3, again)
    torch.testing.assert_close(moved, z - 0.15 * 4 * z**3 + 0.3**0.5 * noise)


def test_with_scores_that_are_linear_in_z_a_normal_prior_moves_by_their_slope():
    """exp(-|z|^2 / 2 + a z) is N(a, I); steps of size e give the variance 1 / (1 - e / 4)."""
    a = torch.tensor([1.0, -2.0, 0.0], dtype=torch.double)
    prior = prior_energy(ganzoo.NormalLatent(DIM))
    z = chain(lambda z: prior(z) - z @ a, ganzoo.NormalLatent(DIM))
    variance = 1 / (1 - 0.2 / 4)
    error = 4 * (variance / 4000) ** 0.5
    torch.testing.assert_close(z.mean(0), a, rtol=0, atol=error)
    expected = torch.full((DIM,), variance, dtype=torch.double)
    torch.testing.assert_close(z.var(0), expected, rtol=0, atol=4 * variance * (2 / 4000) ** 0.5)


def test_in_a_box_without_scores_z_stays_uniform():
    """Free diffusion, folded at the walls: mean 0, variance 1/3."""
    prior = prior_energy(ganzoo.UniformLatent(DIM))
    z = folded(chain(prior, ganzoo.UniformLatent(DIM)))
    assert z.abs().max() <= 1
    torch.testing.assert_close(z.mean(0), torch.zeros(DIM).double(), rtol=0, atol=0.04)
    torch.testing.assert_close(z.var(0), torch.full((DIM,), 1 / 3).double(), rtol=0, atol=0.02)


def test_folding_reflects_at_the_walls():
    z = torch.tensor([0.3, -1.0, 1.0, 1.2, -1.4, 2.5, 3.5, -3.5])
    expected = torch.tensor([0.3, -1.0, 1.0, 0.8, -0.6, -0.5, -0.5, 0.5])
    torch.testing.assert_close(folded(z), expected)


def test_a_latent_of_unknown_density_is_refused():
    class Odd(ganzoo.NormalLatent.__base__):
        def sample(self, n, **settings):
            return torch.zeros(n, self.latent_dim)

        def interpolate(self, start, end, t):
            return start

    with pytest.raises(ganzoo.Unsupported, match=r"density of z, and that of Odd\(3\) is"):
        DDLS(Odd(3))


# --- Of a run


@pytest.fixture(scope="module", params=["normal", "uniform"])
def run(tmp_path_factory, request):
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("ddls")
    patch.setenv("GANZOO_CACHE_DIR", str(folder / "cache"))
    yield ganzoo.train(
        arch={"name": "dcgan", "base_channels": 2, "latent_dim": 4, "latent": request.param},
        loss="bce",
        data="emoji",
        size=16,
        conditional=request.param == "normal",
        batch_size=4,
        steps=2,
        sample_count=4,
        device="cpu",
        run_dir=folder / "run",
    )
    patch.undo()


def test_it_raises_scores_and_is_the_same_for_one_seed(run):
    run = ganzoo.Run(run.path, device="cpu")
    labels, plain = run.sampler.labels(0 if run.num_classes else None, 32), run.discriminator
    critic, first = ganzoo.critic(plain), run.sample(32, seed=3, labels=labels)
    before = critic(ganzoo.Batch(first, labels))
    plain.register_forward_hook(lambda *call: call[-1] * (2 / before.std().item()))  # trained long
    steep = refined(run, steps=100, step_size=0.05)
    images = [steep.sample(32, seed=3, labels=labels) for _ in range(2)]
    assert torch.equal(*images)
    assert images[0].shape == (32, 3, 16, 16)
    assert images[0].abs().max() <= 1
    rise = critic(ganzoo.Batch(images[0], labels)) - critic(ganzoo.Batch(first, labels))
    assert rise.mean() > 2 * rise.std() / 32**0.5


def test_without_steps_it_is_ordinary_sampling(run):
    assert torch.equal(refined(run, steps=0).sample(5, seed=7), run.sample(5, seed=7))


def test_an_image_depends_on_its_number_and_not_on_how_many_there_are(run):
    moved = refined(run, steps=5)
    many = moved.sample(67, seed=1)  # two batches
    change = (many - run.sample(67, seed=1)).abs().amax((1, 2, 3))
    assert (change > 0).all()
    atol = change.min().item() / 10
    torch.testing.assert_close(moved.sample(66, seed=1), many[:66], rtol=0, atol=atol)


def test_the_command_writes_a_grid_or_single_pictures(run, tmp_path):
    options = [str(run.path), "--n", "3", "--steps", "2", "--device", "cpu", "--out"]
    for out, files in (("grid.png", ["grid.png"]), ("many", [f"{k:06}.png" for k in range(3)])):
        result = CliRunner().invoke(ddls, [*options, str(tmp_path / out)], catch_exceptions=False)
        assert result.exit_code == 0
        folder = tmp_path / out if out == "many" else tmp_path
        assert sorted(f.name for f in folder.glob("*.png")) == files


def test_the_command_evaluates_them_and_leaves_the_evaluations_of_the_run(run):
    options = ["--evaluate", "--n", "20", "--steps", "2", "--device", "cpu", "--seed", "4"]
    options += ["--metric", "sliced-wasserstein"]
    result = CliRunner().invoke(ddls, [str(run.path), *options], catch_exceptions=False)
    assert result.exit_code == 0
    settings = {"metrics": ["sliced-wasserstein"], "n": 20, "seed": 4, "device": "cpu"}
    evaluation = ganzoo.evaluate(refined(run, steps=2), **settings)
    lines = [f"{number.name} {number.value:.4g}" for number in evaluation]
    assert all(line in result.output for line in lines)
    assert "refined by DDLS(steps=2, step_size=0.01) against emoji" in result.output
    plain = ganzoo.evaluate(run, **settings)
    assert plain.values() != evaluation.values()
    kept = run.evaluations()
    assert kept
    assert not any("refined" in line["sample"] for line in kept)


def test_options_that_nothing_would_use_are_refused(run):
    for options in (["--metric", "frechet"], ["--evaluate", "--class", "1"]):
        result = CliRunner().invoke(ddls, [str(run.path), *options])
        assert isinstance(result.exception, ganzoo.UsageError)


def test_numbers_out_of_range_are_refused(run):
    for wrong in ({"steps": -1}, {"steps": 2, "step_size": 0.0}):
        with pytest.raises(ganzoo.UsageError, match="DDLS needs"):
            refined(run, **wrong)
    with pytest.raises(ganzoo.UsageError, match="at least 1"):
        refined(run).sample(0)
