"""Promises of the number of CPU threads: by the size of the networks, recorded, and kept."""

from __future__ import annotations

import os
import warnings

import pytest
import torch
from ganzoo_vanilla.architecture import Vanilla
from torch import nn
from toys import SMALL

import ganzoo
from ganzoo.cli.dry_run import describe_plan
from ganzoo.config import Layer
from ganzoo.run import threads
from ganzoo.run.plan import BY_SIZE, THREADS, compose

BASE = {"loss": "bce", "data": "emoji", "image": {"size": 16}, "execution": {"device": "cpu"}}
SETTINGS = {"loss": "bce", "size": 16, "batch_size": 4, "sample_count": 3, "device": "cpu"}


@pytest.fixture(autouse=True)
def _three_threads():
    """torch's choice on a machine of three cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def plan_of(width: int, **training: object):
    arch = {"name": "vanilla", "width": width, "depth": 1, "latent_dim": 16}
    return compose([Layer("test", BASE | {"arch": arch, "training": training})])


def multiply_adds(width: int, batch_size: int) -> int:
    """Of one hidden layer in both networks, written out: z to width to 3 x 16 x 16 and back."""
    pixels = 3 * 16 * 16
    return batch_size * (16 * width + width * pixels + pixels * width + width)


def test_the_size_at_which_threads_begin_is_that_of_a_batch_in_both_networks(monkeypatch):
    for batch_size in (4, 64):
        monkeypatch.setattr(threads, "SMALL", multiply_adds(32, batch_size))
        assert plan_of(32, batch_size=batch_size).config.execution.threads == 1
        assert plan_of(33, batch_size=batch_size).config.execution.threads == 3


class LearnedConstant(nn.Module):
    """Images of a learned constant, a view of which a layer receives (StyleGAN)."""

    def __init__(self):
        super().__init__()
        self.constant = nn.Parameter(torch.zeros(8))
        self.layer = nn.Linear(8, 3 * 16 * 16)

    def forward(self, z):
        return z.mean() + self.layer(self.constant.expand(len(z), -1)).view(-1, 3, 16, 16)


def test_a_layer_may_receive_a_view_of_a_parameter():
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 1))
    networks = ganzoo.Networks(LearnedConstant(), discriminator)
    image, latent = ganzoo.ImageSpec(3, 16, 16), ganzoo.NormalLatent(4)
    assert threads.multiply_adds(networks, image, latent, conditional=False) > 0
    assert all(p.requires_grad for network in networks for p in network.parameters())


class ReadsValues(LearnedConstant):
    """Cannot run without values."""

    def forward(self, z):
        return super().forward(z if bool(z.isfinite().all()) else 0 * z)


@pytest.mark.parametrize("generator", [LearnedConstant, ReadsValues])
def test_multiply_adds_are_counted_without_values_and_where_values_are_read(generator):
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 1))
    networks = ganzoo.Networks(generator(), discriminator)
    image, latent = ganzoo.ImageSpec(3, 16, 16), ganzoo.NormalLatent(4)
    expected = (8 + 1) * 3 * 16 * 16
    assert threads.multiply_adds(networks, image, latent, conditional=False) == expected


def test_small_networks_have_one_thread_and_say_why():
    plan = plan_of(16)
    assert plan.config.execution.threads == 1
    assert plan.origins[THREADS] == BY_SIZE
    assert "threads = 1 # from auto, by the size of the networks" in describe_plan(plan)


def test_a_number_that_is_given_is_kept():
    layer = Layer("test", BASE | {"arch": SMALL["vanilla"], "execution": {"threads": 2}})
    assert compose([layer]).config.execution.threads == 2


def test_a_generator_that_does_not_fit_is_refused_also_with_a_given_number(monkeypatch):
    built = Vanilla.build

    def build(self, image, demands):
        _, discriminator = built(self, image, demands)
        return ganzoo.Networks(nn.Linear(4, 5), discriminator)

    monkeypatch.setattr(Vanilla, "build", build)
    layer = Layer("test", BASE | {"arch": SMALL["vanilla"], "execution": {"threads": 1}})
    with pytest.raises(ganzoo.Unsupported, match=r"images of shape \(2, 5\)"):
        compose([layer])


def test_the_choice_changes_neither_networks_nor_random_numbers():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second = (
        plan_of(16),
        compose(
            [
                Layer("threads", {"execution": {"threads": 2}}),
                Layer(
                    "test", BASE | {"arch": {"name": "dcgan", "base_channels": 2, "latent_dim": 4}}
                ),
            ]
        ),
    )
    assert torch.equal(torch.rand(3), expected)
    again = compose(
        [Layer("test", BASE | {"arch": {"name": "dcgan", "base_channels": 2, "latent_dim": 4}})]
    )
    assert first.config.execution.threads == again.config.execution.threads == 1
    for network, same in zip(second.networks, again.networks, strict=True):
        state, chosen = network.state_dict(), same.state_dict()
        assert all(torch.equal(state[name], chosen[name]) for name in state | chosen)


def test_the_number_is_recorded_and_kept_when_a_run_resumes(photos, tmp_path):
    seen = []

    class Sees(ganzoo.Observer):
        def step(self, trainer, terms):
            seen.append(torch.get_num_threads())

    def train(steps: int, **more: object) -> ganzoo.Run:
        return ganzoo.train(
            arch=SMALL["vanilla"], data=photos, run_dir=tmp_path / "run", resume="auto",
            steps=steps, observers=[Sees()], **SETTINGS | more,
        )  # fmt: skip

    run = train(2, threads=2)
    assert (run.config.execution.threads, run.provenance["threads"]) == (2, 2)

    # The flags do not name a number; this machine's choice would be one.
    with pytest.raises(ganzoo.UsageError) as error:
        train(3)
    assert "execution.threads" not in str(error.value)
    train(3, override=True)
    ganzoo.resume(run.path, steps=4, observers=[Sees()])
    assert seen == [2, 2, 2, 2]
    assert torch.get_num_threads() == 3

    # One that is named is a change.
    with pytest.raises(ganzoo.UsageError, match="execution.threads: 2 before, 1 now"):
        train(4, threads=1)


def test_more_threads_than_cpus_are_warned_of():
    many = os.cpu_count() + 1
    with pytest.warns(ganzoo.GanzooWarning, match=f"threads={many}, and this machine has"):
        threads.check_threads(many)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        threads.check_threads(many - 1)
