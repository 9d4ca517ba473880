"""Promises of compiled objectives and captured steps."""

from __future__ import annotations

import warnings

import pytest
import torch
from shared_training import Between
from torch import nn
from toys import LogisticLoss, RealGradientPenalty, same, weights

import ganzoo
from ganzoo import Progress
from ganzoo.config import ExecutionConfig
from ganzoo.execution.compile import Compiled
from ganzoo.execution.execution import Execution, obstacle_to_graphs
from ganzoo.execution.graphs import WARM_UP, CapturedStep

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def lazy(interval: int) -> RealGradientPenalty:
    return RealGradientPenalty(ganzoo.PenaltyOptions(interval=interval))


@pytest.fixture(autouse=True)
def compiled_afresh():
    """What one test compiled is not what the next is about."""
    torch._dynamo.reset()


def gradients_of(compute, trainer, active):
    """Loss and gradients of one side's parameters for one draw."""
    trainer.discriminator.zero_grad()
    torch.manual_seed(5)
    loss, terms, _ = compute(trainer._draw(0), active)
    loss.backward()
    return terms, [p.grad.clone() for p in trainer.discriminator.parameters()]


@pytest.mark.parametrize("penalised", [False, True])
def test_a_compiled_objective_gives_the_losses_and_gradients_of_the_plain_one(
    make_trainer, penalised
):
    trainer = make_trainer(penalties={"r": lazy(1)} if penalised else {})
    objective = trainer.discriminator_update.objective
    compiled = Compiled(objective, "aot_eager")
    active = objective.active_penalties(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*Training without")
        terms, found = gradients_of(compiled, trainer, active)
    plain_terms, plain = gradients_of(objective, trainer, active)
    torch.testing.assert_close(terms, plain_terms)
    torch.testing.assert_close(found, plain)


class Anchored(ganzoo.Penalty):
    """Scores against a moving average of theirs that it changes after it was read."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(0.5))

    def penalty(self, critic, real, fake):
        scores = critic(real)
        value = (scores - self.mean).square().mean()
        with torch.no_grad():
            self.mean.lerp_(scores.mean(), 0.5)
        return value


class Consistent(ganzoo.Penalty):
    """Generates again in the discriminator's update."""

    def penalty(self, critic, real, fake):
        return (critic(fake) - critic(fake.again(fake.z + 0.1))).square().mean()


def follow(compiled, plain, steps: int, **tolerance: float) -> None:
    """Train both; their networks and the state of their penalties stay the same."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*Training without")
        compiled.fit(steps)
    plain.fit(steps)
    for mine, theirs in (
        (compiled.generator, plain.generator),
        (compiled.discriminator, plain.discriminator),
        (
            compiled.discriminator_update.objective.penalties,
            plain.discriminator_update.objective.penalties,
        ),
    ):
        torch.testing.assert_close(weights(mine), weights(theirs), **tolerance)


def test_fakes_made_again_are_compiled_as_they_are_run(make_trainer):
    compiled, plain = (make_trainer(penalties={"c": Consistent()}) for _ in range(2))
    for update in (compiled.discriminator_update, compiled.generator_update):
        update.gradients.compute = Compiled(update.objective, "aot_eager")
    follow(compiled, plain, 3, rtol=1e-4, atol=1e-5)


def test_a_compiled_trainer_compiles_each_objective_once(make_trainer):
    """The fakes that both updates share, and batches that are new at each step, included."""
    trainer = make_trainer(compile="on")
    graphs = []

    def count(graph, inputs):
        graphs.append(graph)
        return graph.forward

    for update in (trainer.discriminator_update, trainer.generator_update):
        update.gradients.compute = Compiled(update.objective, count)
    trainer.fit(4)
    assert len(graphs) == 2


def test_trying_a_compiled_objective_moves_neither_weights_buffers_gradients_nor_chance(
    make_trainer,
):
    trainer = make_trainer()
    compiled = Compiled(trainer.generator_update.objective, "aot_eager")
    torch.manual_seed(3)
    inputs = trainer._draw(0)
    before = weights(trainer.generator_update.objective), torch.get_rng_state()
    compiled._try(compiled._compiled, inputs, (), None)
    assert same(before[0], weights(trainer.generator_update.objective))
    assert torch.equal(before[1], torch.get_rng_state())
    assert all(p.grad is None for p in trainer.generator.parameters())


def test_a_loss_that_cannot_be_compiled_is_told_of_once_and_trained_without(make_trainer):
    def refuse(graph, inputs):
        raise NotImplementedError("no such operation\nand much more")

    torch.manual_seed(0)
    refused, plain = make_trainer(), make_trainer()
    refused.discriminator_update.gradients.compute = Compiled(
        refused.discriminator_update.objective, refuse
    )
    with pytest.warns(UserWarning, match="cannot take the DiscriminatorObjective") as told:
        refused.fit(3)
    plain.fit(3)
    assert len(told) == 1
    assert "\n" not in str(told[0].message)
    assert same(weights(refused.generator), weights(plain.generator))
    assert same(weights(refused.discriminator), weights(plain.discriminator))


def test_a_compiler_without_memory_is_told_in_plain_words(make_trainer):
    def fill(graph, inputs):
        return torch.empty(2**55)

    trainer = make_trainer()
    compiled = Compiled(trainer.discriminator_update.objective, fill)
    with pytest.warns(ganzoo.GanzooWarning, match="DiscriminatorObjective: out of memory"):
        compiled(trainer._draw(0), ())


def test_trying_leaves_the_graph_of_the_fakes_intact(make_trainer):
    """Batch norm keeps its running statistics in the graph; putting them back must not show."""
    trainer = make_trainer()
    trainer.generator_update.gradients.compute = Compiled(
        trainer.generator_update.objective, "aot_eager"
    )
    trainer.train_step()


def of_few_layers() -> nn.Sequential:
    """Each layer is three kernels or more, for which a C++ compiler takes half a second each."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), nn.Flatten(0)
    )


@pytest.mark.slow
def test_training_compiled_by_inductor_follows_plain_training(make_trainer):
    """The random points of a gradient penalty included, and state that a penalty changes.

    Torch may compute again, in the backward pass, from a buffer that was changed meanwhile. Of all
    backends inductor alone does, so its code is made once, with everything that may go wrong in it.
    """
    compiled, plain = (
        make_trainer(
            discriminator=of_few_layers(),
            compile=choice,
            optimizer="sgd",
            penalties={
                "r": lazy(2),
                "gp": Between(ganzoo.PenaltyOptions(weight=10.0)),
                "anchored": Anchored(),
            },
        )
        for choice in ("on", "off")
    )
    follow(compiled, plain, 5, rtol=1e-4, atol=1e-6)


class Shaded(ganzoo.Augmentation):
    """Scales and shifts each image at random."""

    def forward(self, images):
        scale, shift = (torch.rand(len(images), 1, 1, 1) for _ in range(2))
        return scale * images + shift


def with_dropout() -> nn.Sequential:
    hidden = nn.Linear(64, 16), nn.Dropout(0.5), nn.Linear(16, 16), nn.Dropout(0.5)
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(16, 1))


@pytest.mark.slow
@pytest.mark.parametrize("case", ["dropout", "augmentation"])
def test_without_a_joint_pass_compiled_code_draws_other_numbers_than_eager_mode(make_trainer, case):
    """As docs/execution.md and docs/scaling.md say: it draws as two eager passes do."""
    if case == "dropout":
        trainer = make_trainer(discriminator=with_dropout())
    else:
        trainer = make_trainer(augment={"shaded": Shaded()})
    objective = trainer.discriminator_update.objective
    assert objective.joint_forward
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*Training without")
        compiled, _ = gradients_of(Compiled(objective, "aot_eager"), trainer, ())
    joint, _ = gradients_of(objective, trainer, ())
    objective.joint_forward = False
    separate, _ = gradients_of(objective, trainer, ())
    torch.testing.assert_close(compiled, separate)
    for name, value in joint.items():
        assert abs(value - compiled[name]) > 1e-4


class Tape:
    """Stands in for a CUDA graph where there is no GPU: it replays by doing the same again.

    A graph reads and writes where it did when it was recorded, so results go back there.
    """

    def __init__(self):
        self.recorded = 0

    def __call__(self, run):
        self.recorded += 1
        run()
        return run


def captured(trainer, tape):
    """A trainer whose steps go through `Captured`, which the tape records."""
    results = []

    def compute(inputs, active):
        terms, record = trainer.update_networks(inputs, active)
        if results:  # a replay writes into the tensors of the recording
            for name, value in terms.items():
                results[0][name].copy_(value)
        return terms, record

    step = CapturedStep(compute, (trainer.generator, trainer.discriminator), tape)

    def run(inputs, active):
        recorded = tape.recorded
        terms, record = step(inputs, active)
        if tape.recorded > recorded:
            results.append(step._graphs[active].terms)
        return terms, record

    trainer._update_networks = run
    return step


def test_a_captured_step_is_fed_each_steps_own_images_and_z(make_trainer):
    """Recording costs the tape a step, so from then on both see what the other sees."""
    seen = []

    class Notes(LogisticLoss):
        def discriminator_loss(self, critic, real, fake):
            seen.append((real.images.clone(), fake.images.clone()))
            return super().discriminator_loss(critic, real, fake)

    trainer = make_trainer(loss=Notes(), generator_lr=1e-12, n_critic=2)
    tape = Tape()
    captured(trainer, tape)
    trainer.fit(WARM_UP + 4)
    plain = make_trainer(loss=Notes(), generator_lr=1e-12, n_critic=2)
    mine = seen.copy()
    seen.clear()
    plain.fit(WARM_UP + 4)
    assert tape.recorded == 1
    del mine[2 * WARM_UP : 2 * WARM_UP + 2]  # the recording itself
    for (real, _), (plains_real, _) in zip(mine, seen, strict=True):
        assert torch.equal(real, plains_real)


def test_there_is_a_graph_for_each_set_of_penalties_that_are_due(make_trainer):
    trainer = make_trainer(penalties={"r": lazy(2)})
    tape = Tape()
    step = captured(trainer, tape)
    trainer.fit(2 * WARM_UP + 4)
    assert set(step._graphs) == {(("r",), ()), ((), ())}


def test_terms_of_a_captured_step_outlive_the_next(make_trainer):
    trainer = make_trainer()
    captured(trainer, Tape())
    trainer.fit(WARM_UP + 1)
    terms = trainer.train_step()
    before = {name: value.clone() for name, value in terms.items()}
    trainer.train_step()
    assert same(before, terms)


def test_a_step_whose_betas_follow_a_schedule_is_not_captured(make_trainer):
    """A captured step would keep the betas of the step in which it was captured."""
    execution = Execution(ExecutionConfig(device="cpu"), [], 4)
    execution.captures_graphs = True
    with pytest.warns(ganzoo.GanzooWarning, match="betas that follow a schedule"):
        trainer = make_trainer(
            execution=execution, betas=(0.0, "0.9 to 0.99 over 4"), device=None, precision=None
        )
    assert trainer._update_networks == trainer.update_networks
    scheduled = make_trainer(
        execution=execution, generator_lr="1e-3 to 0 over 4", device=None, precision=None
    )
    assert isinstance(scheduled._update_networks, CapturedStep)
    rate = scheduled.generator_update.optimizer.torch.param_groups[0]["lr"]
    scheduled.generator_update.at(Progress(2, 8))
    assert rate == pytest.approx(5e-4)  # a tensor, which the captured step reads


def test_a_step_that_cannot_be_captured_is_told_of_once_and_run_as_it_is(make_trainer):
    def refuse(run):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    trainer, plain = make_trainer(), make_trainer()
    networks = (trainer.generator, trainer.discriminator)
    trainer._update_networks = CapturedStep(trainer.update_networks, networks, refuse)
    with pytest.warns(UserWarning, match=r"capturing\. Training without") as told:
        trainer.fit(WARM_UP + 3)
    assert len(told) == 1
    plain.fit(WARM_UP + 3)
    assert same(weights(trainer.generator), weights(plain.generator))


def test_graphs_asked_for_on_a_device_without_are_told_of(make_trainer):
    with pytest.warns(UserWarning, match="device 'cpu' has no CUDA graphs"):
        trainer = make_trainer(cuda_graphs="on")
    trainer.train_step()
    assert "try bf16" in obstacle_to_graphs(torch.device("cuda"), "fp16", whole_batches=True)
    assert obstacle_to_graphs(torch.device("cuda"), "bf16", whole_batches=False)
    assert not obstacle_to_graphs(torch.device("cuda"), "bf16", whole_batches=True)


@pytest.mark.parametrize("settings", [{"channels_last": "off"}, {"fused": "off"}])
def test_how_it_is_computed_changes_no_more_than_rounding(make_trainer, settings):
    plain, other = make_trainer(), make_trainer(**settings)
    for _ in range(3):
        expected, found = plain.train_step(), other.train_step()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5)


def test_memory_format_and_fused_optimizers_are_as_asked_for(make_trainer):
    def traits(trainer):
        weight = next(p for p in trainer.discriminator.parameters() if p.ndim == 4)
        images = trainer._draw(0).real.images
        last = {t.is_contiguous(memory_format=torch.channels_last) for t in (weight, images)}
        groups = trainer.generator_update.optimizer.torch.param_groups
        return last, {group["fused"] for group in groups}

    assert traits(make_trainer(channels=3, channels_last="on", fused="on")) == ({True}, {True})
    assert traits(make_trainer(channels=3)) == ({True}, {True})
    assert traits(make_trainer(channels=3, channels_last="off", fused="off")) == ({False}, {None})


def test_a_switch_that_is_none_is_refused(make_trainer):
    for name in ("compile", "cuda_graphs", "channels_last", "fused"):
        with pytest.raises(
            ganzoo.UsageError, match=f"'{name}' is 'maybe', but should be 'auto', 'on' or 'off'"
        ):
            make_trainer(**{name: "maybe"})


@CUDA
@pytest.mark.parametrize("accelerated", [{"cuda_graphs": "on"}, {"compile": "on"}])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_on_a_gpu_a_hundred_accelerated_steps_have_the_losses_of_plain_ones(
    make_trainer, accelerated, precision
):
    settings = {"device": "cuda", "precision": precision, "penalties": {"r": lazy(4)}}
    fast = make_trainer(**settings, **accelerated)
    plain = make_trainer(**settings)
    tolerance = 1e-3 if precision == "fp32" else 5e-2
    for _ in range(100):
        mine, theirs = fast.train_step(), plain.train_step()
        torch.testing.assert_close(mine, theirs, rtol=tolerance, atol=tolerance)
