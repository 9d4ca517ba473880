"""Promises of `ganzoo.History` and `ganzoo.ProgressBar`, the observers of a library user."""

from __future__ import annotations

import io

import pytest
import torch
from rich.console import Console
from toys import LogisticLoss, same, weights

import ganzoo


class Terms(ganzoo.Observer):
    def __init__(self):
        super().__init__()
        self.values = []

    def step(self, trainer, terms):
        self.values.append({name: float(value) for name, value in terms.items()})


def test_a_line_has_the_means_since_the_last_and_the_diagnostics_of_a_run(make_trainer):
    history, terms, trainer = ganzoo.History(every=3), Terms(), make_trainer()
    trainer.fit(7, [history, terms])
    assert [line["step"] for line in history.lines] == [3, 6]
    for line, part in zip(history.lines, (terms.values[:3], terms.values[3:6]), strict=True):
        for name in part[0]:
            assert line[name] == pytest.approx(sum(values[name] for values in part) / 3)
    gradient = torch.cat([p.grad.flatten() for p in make_trained(make_trainer, 6)])
    assert history.lines[-1]["generator/gradient_norm"] == pytest.approx(gradient.norm().item())
    assert {"scores/auc", "diversity/fake", "generator/distance_to_average"} <= {*history.lines[0]}


def make_trained(make_trainer, steps):
    trainer = make_trainer()
    trainer.fit(steps)
    return trainer.generator.parameters()


def test_it_does_not_change_the_training(make_trainer):
    watched, quiet = make_trainer(), make_trainer()
    watched.fit(6, [ganzoo.History(every=2)])
    quiet.fit(6)
    assert same(weights(watched.generator), weights(quiet.generator))


def test_a_subclass_sees_every_line(make_trainer):
    class Best(ganzoo.History):
        def metrics(self, step, values):
            super().metrics(step, values)
            if step == 4:
                stopped.stop()

    stopped, history = make_trainer(), Best(every=2)
    stopped.fit(100, [history])
    assert stopped.step == 4
    assert len(history.lines) == 2


def test_it_warns_of_a_failure_once_as_a_run_does(make_trainer):
    class Deaf(LogisticLoss):
        def generator_loss(self, critic, fake, real):
            return {"adversarial": 0.0 * critic(fake).mean()}

    history = ganzoo.History(every=10)
    with pytest.warns(ganzoo.GanzooWarning, match="no gradient reaches the generator") as caught:
        make_trainer(loss=Deaf()).fit(170, [history])
    assert len([w for w in caught if "no gradient" in str(w.message)]) == 1
    assert [finding.kind for finding in history.findings] == ["dead-generator"]


def test_lines_of_steps_that_are_repeated_are_forgotten(make_trainer):
    history, trainer = ganzoo.History(every=2), make_trainer()
    trainer.fit(2, [history])
    state = {
        name: {k: v.clone() for k, v in part.items()}
        if name in ("generator", "discriminator", "ema")
        else part
        for name, part in trainer.state_dict().items()
    }
    trainer.fit(6, [history])
    trainer.load_state_dict(state)
    trainer.fit(4, [history])
    assert [line["step"] for line in history.lines] == [2, 4]


def test_in_a_run_the_lines_are_those_of_its_log(tmp_path):
    history = ganzoo.History()
    run = ganzoo.train(
        arch={"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
        loss="bce",
        data="emoji",
        size=8,
        batch_size=4,
        sample_count=4,
        log_every=2,
        steps=5,
        device="cpu",
        observers=[history],
        run_dir=tmp_path / "run",
    )
    assert history.lines == run.metrics()
    assert len(history.lines) == 3


def test_nothing_is_shown_unless_asked_for(make_trainer, capfd):
    make_trainer().fit(3, [ganzoo.History()])
    assert capfd.readouterr() == ("", "")


def test_a_progress_bar_counts_steps_and_shows_the_loss(make_trainer, capfd):
    screen = io.StringIO()
    bar = ganzoo.ProgressBar(Console(file=screen, force_terminal=True, width=200))
    trainer = make_trainer()
    trainer.fit(4, [bar])
    assert "4/4" in screen.getvalue()
    assert "G adversarial 0." in screen.getvalue()
    trainer.fit(6, [bar])
    assert "6/6" in screen.getvalue()
    assert capfd.readouterr() == ("", "")


def test_a_progress_bar_ends_with_a_failure(make_trainer):
    class Failing(LogisticLoss):
        def generator_loss(self, critic, fake, real):
            raise ArithmeticError("on purpose")

    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True)
    with pytest.raises(ArithmeticError):
        make_trainer(loss=Failing()).fit(3, [ganzoo.ProgressBar(console)])
    with console.status("another"):  # which a bar that was left running would refuse
        pass


@pytest.mark.parametrize("every", [0, -1, 2.5])
def test_lines_are_a_whole_number_of_steps_apart(every):
    with pytest.raises(ganzoo.UsageError, match="every is .*, but should be a whole number"):
        ganzoo.History(every)


@pytest.mark.parametrize("wrong", [ganzoo.History, print, None])
def test_what_is_no_observer_is_refused_before_the_first_step(make_trainer, wrong):
    trainer = make_trainer()
    with pytest.raises(ganzoo.UsageError, match="observers should be objects of ganzoo.Observer"):
        trainer.fit(1, [wrong])
    assert trainer.step == 0
