"""Promises of health: each failure is recognized, with advice, and a healthy run has none."""

from __future__ import annotations

import warnings

import pytest
import torch

import ganzoo
from ganzoo.config import TrainingConfig
from ganzoo.errors import in_python
from ganzoo.interfaces.schedule import Schedule
from ganzoo.run.divergence import divergence_advice
from ganzoo.run.doctor import diagnose
from ganzoo.run.health import examine, too_little

SETTINGS = {"generator_lr": 2e-4, "discriminator_lr": 2e-4, "optimizer": "adam", "ema_decay": 0.999}

HEALTHY = {
    "discriminator/gradient_norm": 5.0,
    "generator/gradient_norm": 3.0,
    "generator/distance_to_average": 0.05,
    "scores/real": 2.0,
    "scores/fake": -1.0,
    "scores/auc": 0.95,
    "diversity/real": 0.8,
    "diversity/fake": 0.6,
}


def log(*states: dict, every: int = 20, start: int = 0) -> list[dict]:
    """Lines of a log: healthy but for what each state says."""
    return [{"step": start + every * (k + 1)} | HEALTHY | s for k, s in enumerate(states)]


def kinds(lines: list[dict], **settings) -> list[str]:
    return [finding.kind for finding in examine(lines, TrainingConfig(**SETTINGS | settings))]


def test_a_healthy_log_has_no_findings():
    assert kinds(log(*[{}] * 50)) == []
    assert kinds([]) == []


def test_a_log_is_judged_from_five_lines_of_settled_networks_on():
    grey = [{"step": step, "diversity/fake": 0.0} for step in (1, 2)]
    assert "0 lines of its log are of step 100 or later, and 5 are needed" in too_little(grey)[0]
    assert "4 lines" in too_little(log(*[{}] * 8))[0]  # steps 20 to 160
    assert too_little(log(*[{}] * 9)) == ()


SICK = {
    "explosion": {"scores/real": -3e7},
    "dead-generator": {"generator/gradient_norm": 1e-12},
    "collapse": {"diversity/fake": 0.01},
}


@pytest.mark.parametrize(("kind", "state"), SICK.items())
def test_a_failure_is_found_after_five_lines_and_not_before(kind, state):
    assert kinds(log(*[{}] * 10, *[state] * 4)) == []
    (finding,) = examine(log(*[{}] * 10, *[state] * 5), TrainingConfig(**SETTINGS))
    assert (finding.kind, finding.since) == (kind, 220)
    assert in_python(finding.advice) in str(finding)
    assert kinds(log(*[state] * 9, {})) == []  # it is over


@pytest.mark.parametrize("state", SICK.values())
def test_untrained_networks_are_not_judged(state):
    assert kinds(log(*[state] * 8, every=10)) == []


def test_weights_that_do_not_move_are_a_dead_generator_where_an_average_can_tell():
    lines = log(*[{"generator/distance_to_average": 1e-9}] * 20)
    assert kinds(lines) == ["dead-generator"]
    assert kinds(lines, ema_decay=0.0) == []  # there the average is the weights


def test_low_diversity_is_a_collapse_after_there_was_more_or_after_a_long_time():
    poor = {"diversity/fake": 0.15}
    assert kinds(log(*[poor] * 20)) == []  # 400 steps: a slow start
    assert kinds(log({}, *[poor] * 20)) == ["collapse"]
    assert kinds(log(*[poor] * 60)) == ["collapse"]


def test_a_discriminator_that_always_knows_has_won_only_if_nothing_is_left_to_learn():
    sure = {"scores/auc": 1.0}
    idle = sure | {"discriminator/gradient_norm": 0.01}
    assert kinds(log(*[{}] * 10, *[sure] * 20)) == []  # as critics of Wasserstein losses do
    assert kinds(log(*[{}] * 10, *[idle] * 10)) == ["discriminator-wins"]
    assert kinds(log(*[{}] * 10, *[idle] * 4, *[sure] * 6)) == []
    won_at_once = sure | {"discriminator/gradient_norm": 1e-9}
    assert kinds(log(*[won_at_once] * 20)) == ["discriminator-wins"]


def test_a_cause_hides_its_consequences():
    dead = {"generator/distance_to_average": 0.0, "diversity/fake": 0.0, "scores/auc": 1.0}
    assert kinds(log(*[dead] * 60)) == ["dead-generator"]


def test_a_log_without_scores_or_diversity_is_no_illness():
    lines = [{"step": 20 * k, "generator/adversarial": 1.0} for k in range(1, 100)]
    assert kinds(lines) == []


def test_advice_after_a_divergence_follows_from_the_cause():
    def advice(settings=SETTINGS, **change):
        facts = {"precision": "fp32", "extremes": {"discriminator/r": 2.0}} | change
        return in_python(divergence_advice("discriminator/r", TrainingConfig(**settings), **facts))

    assert "1 and 0.0002 are far above" in advice(settings=SETTINGS | {"generator_lr": 1.0})
    falling = Schedule(0.5, 0.0, length=1000.0)
    high = advice(settings=SETTINGS | {"discriminator_lr": falling}, extremes={"x": 3e9})
    assert f"0.0002 and {falling} are far above" in high
    grown = advice(extremes={"discriminator/r": 3e9, "generator/a": 1.0})
    assert "discriminator/r had grown to 3.0e+09" in grown
    assert "a tenth" in grown
    assert 'precision="fp32"' in advice(precision="bf16")
    assert "look at discriminator/r itself" in advice()


# ---------------------------------------------------------------- real runs, made to fail

TINY = {
    "data": {"name": "gaussians", "count": 500},
    "loss": "bce",
    "arch": {"name": "vanilla", "width": 64, "depth": 2, "latent_dim": 8},
    "batch_size": 32,
    "sample_count": 4,
    "sample_every": 10**6,
    "steps": 400,
    "device": "cpu",
}


def train(run_dir, **settings) -> ganzoo.Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ganzoo.train(run_dir=run_dir, **(TINY | settings))


def test_the_doctor_finds_nothing_wrong_with_a_healthy_run(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = ganzoo.train(run_dir=tmp_path / "run", **TINY)
    found = diagnose(run)
    assert (found.problems, found.remarks) == ((), ())
    assert "has finished at step 400 of 400; its latest checkpoint is of step 400" in found.state


def test_a_frozen_generator(tmp_path):
    class Freeze(ganzoo.Observer):
        def started(self, trainer, steps):
            for parameter in trainer.generator.parameters():
                parameter.data = parameter.data.clone()  # its optimizer now moves something else
                trainer.generator_update.optimizer.torch.param_groups[0]["lr"] = 0.0

    (problem,) = diagnose(train(tmp_path / "run", observers=[Freeze()])).problems
    assert "the generator's weights do not move" in problem


def test_a_run_with_schedules_is_judged_and_advised_like_any_other(tmp_path):
    rate = "1e30 to 1 over 1000 steps"
    scheduled = {"generator_lr": rate, "discriminator_lr": rate, "ema_decay": "0 to 0.9 from 2"}
    with pytest.raises(ganzoo.Diverged, match=r"learning rates 1e\+30 to 1 over 1000 steps and 1e"):
        train(tmp_path / "run", penalty={}, loss="wasserstein", **scheduled)
    assert diagnose(ganzoo.Run(tmp_path / "run")).problems
    calm = {"generator_lr": "2e-4 to 0 over 100", "ema_decay": "0 to 0.9 from 2", "log_every": 1}
    assert train(tmp_path / "calm", **calm).metrics()


def test_an_absurd_learning_rate_that_ends_in_nothing_finite(tmp_path):
    settings = {"generator_lr": 1e30, "discriminator_lr": 1e30, "loss": "wasserstein"}
    with pytest.raises(ganzoo.Diverged, match="far above the usual") as error:
        train(tmp_path / "run", penalty={}, **settings)
    run = ganzoo.Run(tmp_path / "run")
    assert run.state == "failed"
    problem = diagnose(run).problems[0]
    assert str(error.value) in problem


def test_an_absurd_learning_rate_that_only_explodes(tmp_path):
    rates = {"generator_lr": 100.0, "discriminator_lr": 100.0}
    problems = diagnose(train(tmp_path / "run", **rates)).problems
    assert "scores have grown to" in problems[0]
    assert "100 and 100 are far above the usual" in problems[0]


def test_a_generator_without_noise(tmp_path):
    class Silence(ganzoo.Observer):
        """z is always the same: every fake is the same picture."""

        def started(self, trainer, steps):
            draw = trainer.latent.sample
            trainer.latent.sample = lambda *a, **k: torch.zeros_like(draw(*a, **k))

    problems = diagnose(train(tmp_path / "run", observers=[Silence()])).problems
    assert any("the fakes are nearly all alike" in problem for problem in problems)


def test_a_discriminator_that_wins_outright(tmp_path):
    rates = {"generator_lr": 1e-5, "discriminator_lr": 1e-2, "data": "emoji", "size": 8}
    problems = diagnose(train(tmp_path / "run", **rates)).problems
    assert any("the discriminator wins outright" in problem for problem in problems)


def test_findings_are_warned_of_once_and_written_to_the_journal(tmp_path):
    rates = {"generator_lr": 1e-12, "steps": 600}
    with pytest.warns(UserWarning, match="weights do not move") as warned:
        ganzoo.train(run_dir=tmp_path / "run", **(TINY | rates))
    assert len(warned) == 1
    events = ganzoo.Run(tmp_path / "run").events()
    assert [e["kind"] for e in events if e["event"] == "warning"] == ["dead-generator"]


def test_a_weight_that_breaks_while_losses_are_finite_is_not_saved(tmp_path):
    class Break(ganzoo.Observer):
        def step(self, trainer, terms):
            if trainer.step == 8:  # the generator's last bias: no loss has seen it yet
                with torch.no_grad():
                    list(trainer.generator.parameters())[-1].fill_(float("nan"))

    with pytest.raises(ganzoo.Diverged) as error:
        train(tmp_path / "run", observers=[Break()], steps=20, checkpoint_every=4)
    run = ganzoo.Run(tmp_path / "run")
    assert run.steps == [4, 8]
    assert error.value.step == 9
    assert all(torch.isfinite(v).all() for v in run.generator.state_dict().values())


def test_a_run_killed_from_outside_is_explained(tmp_path):
    run = train(tmp_path / "run", steps=20)
    lines = run.directory.journal.read_text().splitlines()
    run.directory.journal.write_text(lines[0] + "\n")
    assert run.state == "killed"
    (problem,) = diagnose(run).problems
    assert "ended without an error" in problem
    assert f"`ganzoo resume {run.path}` resumes it" in problem


def test_a_fault_of_a_program_is_kept_with_its_trace(tmp_path):
    class Broken(ganzoo.Observer):
        def step(self, trainer, terms):
            raise ZeroDivisionError("in my own observer")

    with pytest.raises(ZeroDivisionError):
        train(tmp_path / "run", observers=[Broken()])
    run = ganzoo.Run(tmp_path / "run")
    assert "in my own observer" in diagnose(run).problems[0]
    assert "Traceback" in run.events()[-1]["trace"]
